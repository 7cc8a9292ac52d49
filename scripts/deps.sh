#!/bin/bash
# Installs the Debian packages that building and testing need, and fetches the Debian sources we compile from.
#
# usage: deps.sh [--lab] [--xen-source]   install what is missing, fetch lwIP (and Xen's source) into the cache;
#                                         --lab: only what building and booting need, not the tests' tools
#        deps.sh --cache-dir              print the cache directory and do nothing else
#        deps.sh --list                   print the package names and do nothing else
#
# Cache: ${CHAOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chaos}; lwIP is at CACHE/lwip, Xen at CACHE/xen-source.
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config
    libevent-dev libjansson-dev liblmdb-dev libxen-dev libnftables-dev libmnl-dev libseccomp-dev libcap-ng-dev check
    qemu-system-x86 cpio dpkg-dev xz-utils ca-certificates iproute2 netcat-openbsd jq curl file
)
test_packages=(git python3 gdb clang clang-tidy clang-format llvm libclang-rt-14-dev shellcheck)
cache=${CHAOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chaos}

say() { echo "deps: $*" >&2; }
die() { say "$*"; exit 1; }

# Runs a command silently; its output is shown only when it fails.
quietly() {
    local out
    out=$("$@" 2>&1 </dev/null) || { echo "$out" >&2; return 1; }
}

need_root() { [ "$(id -u)" = 0 ] || die "must be root to $1; run scripts/deps.sh as root once"; }

have_lists() { compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; }

update_lists() {
    say "updating package lists"
    quietly apt-get -q update || die "apt-get update failed"
}

missing_packages() {
    local name
    local -A have=()
    while read -r name; do have[$name]=1; done < <(
        dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | sed -n 's/ installed$//p')
    for name in "${packages[@]}"; do [ -n "${have[$name]:-}" ] || echo "$name"; done
}

install_packages() {
    local -a missing
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -gt 0 ] || return 0
    need_root "install: ${missing[*]}"
    have_lists || update_lists
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local -a install=(apt-get -qq -y --no-install-recommends install "${missing[@]}")
    # Old lists name files that the mirror no longer has, so a first failure means: update and try again.
    quietly "${install[@]}" 2>/dev/null && return
    update_lists
    quietly "${install[@]}" || die "could not install: ${missing[*]}"
}

# The machine's own Debian mirrors, as source lines. Both forms of apt configuration come out of indextargets alike.
source_lines() {
    # shellcheck disable=SC2016 # apt expands these, not the shell
    apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
        sort -u | awk -F'|' '$1 == "Debian" && $4 == "main" {
            print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $2, $3, $4 }'
}

# fetch_source PACKAGE LINK: unpacks the Debian source of PACKAGE beside LINK and points LINK at it.
fetch_source() {
    local package=$1 link=$2 work tree
    [ -e "$link/debian/changelog" ] && return 0
    have_lists || { need_root "update the package lists"; update_lists; }
    say "fetching the source of $package"
    work=$(mktemp -d "$cache/.source.XXXXXX")
    # A list of sources with the machine's list directory would replace its lists of binary packages.
    mkdir -p "$work/lists/partial" "$cache/sources"
    source_lines >"$work/sources.list"
    [ -s "$work/sources.list" ] || die "no Debian mirror in the apt configuration"
    local -a options=(-q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/nonexistent
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache::srcpkgcache=" -o "Dir::Cache::pkgcache="
        -o APT::Sandbox::User=root -o Debug::NoLocking=true)
    quietly apt-get "${options[@]}" update || die "apt-get update of the source lists failed"
    (cd "$work" && quietly apt-get "${options[@]}" source --download-only "$package" &&
        quietly dpkg-source --no-check -x "$package"_*.dsc tree) || die "could not fetch the source of $package"
    tree=$(cd "$work" && basename "$package"_*.dsc .dsc)
    rm -rf "${cache:?}/sources/$tree"
    mv "$work/tree" "$cache/sources/$tree"
    ln -sfnT "sources/$tree" "$link"
    rm -rf "$work"
}

xen_source='' lab=''
for argument in "$@"; do
    case $argument in
    --cache-dir) echo "$cache"; exit ;;
    --list) printf '%s\n' "${packages[@]}" "${test_packages[@]}"; exit ;;
    --xen-source) xen_source=yes ;;
    --lab) lab=yes ;;
    *) die "usage: deps.sh [--lab] [--xen-source] | --cache-dir | --list" ;;
    esac
done
[ -n "$lab" ] || packages+=("${test_packages[@]}")

mkdir -p "$cache"
exec 9>"$cache/deps.lock"
flock 9
install_packages
fetch_source lwip "$cache/lwip"
[ -z "$xen_source" ] || fetch_source xen "$cache/xen-source"
