# shellcheck shell=bash
# Builds the images a lab boots: Xen, Debian's kernel, and dom0's file system as initramfs archives.
# Sourced by the lab. Nothing here is installed on the host: packages are downloaded and unpacked in the cache.

# Downloaded for dom0, beside what deps.sh installs on the host. The kernel is found by name at download.
dom0_packages=(
    xen-hypervisor-4.17-amd64 xen-utils-4.17 xenstore-utils busybox-static
    strace libunwind8 gdbserver tcpdump libpcap0.8 libdbus-1-3 nftables libedit2 libbsd0 crun libyajl2
)
# Host packages whose files end up in the image: a new version makes the image stale.
host_packages=(libc6 libstdc++6 libgcc-s1 libxenmisc4.17 libnftables1 libsystemd0 curl libcurl4 jq netcat-openbsd iproute2)

dom0_tools=(strace gdbserver tcpdump nft curl jq ip bridge nc.openbsd lsevtchn xen-diag xen-hvmctx crun)
# Busybox prefers its own applets to programs of the same name, so what starts other programs is not busybox.
dom0_tools+=(dash bash env timeout nohup nice xargs find setsid)
xl_tools=(xl xenstored xenconsoled xenconsole xen-init-dom0 libxl-save-helper)

# Loaded by init, in this order. The rest is loaded by the kernel when something asks for it.
boot_modules=(virtio_pci virtio_console virtio_net xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs tun)
more_modules=(
    bridge veth dummy br_netfilter nf_tables nfnetlink nft_chain_nat nft_nat nft_masq nft_redir nft_ct nft_limit
    nft_reject_inet nft_reject_ipv4 nft_fib_inet nft_log nf_conntrack_netlink crc32c_generic crc32c-intel
    af_packet_diag sch_netem sch_tbf loop
)

# skeleton ROOT: the directories of a merged-/usr system, the same in every archive, so that they lie on each other.
skeleton() {
    mkdir -p "$1"/usr/{bin,sbin,lib/x86_64-linux-gnu,lib64,share} "$1"/{etc,proc,sys,dev,tmp,run,root,lab,var/{lib,log}}
    chmod 1777 "$1/tmp"
    local dir
    for dir in bin sbin lib lib64; do ln -sfn "usr/$dir" "$1/$dir"; done
    ln -sfn ../run "$1/var/run"
}

# copy_libs ROOT [LIBDIR]: copies the shared libraries that the ELF files in ROOT need and ROOT lacks, from LIBDIR or
# the host.
copy_libs() {
    local root=$1 path own=$1/usr/lib/x86_64-linux-gnu:$1/usr/lib
    while read -r path; do
        [ -n "$path" ] || continue
        [ "${path:0:1}" = / ] || { echo "lab: a program for dom0 needs the library $path" >&2; return 1; }
        case $path in
        "$root"/*) ;;
        */ld-linux-x86-64.so.2) cp -Lu "$path" "$root/usr/lib64/" ;;
        *) cp -Lu "$path" "$root/usr/lib/x86_64-linux-gnu/" ;;
        esac
    done < <(elf_files "$root" | LD_LIBRARY_PATH=$own${2:+:$2} xargs -r -d '\n' ldd 2>/dev/null |
        sed -n -e 's/^\t\(.*\) => not found.*/\1/p' -e 's/^.* => \(\/[^ ]*\) (.*/\1/p' -e 's/^\t\(\/[^ ]*\) (.*/\1/p' | sort -u)
}

# elf_files ROOT: the dynamic x86-64 ELF files below it. A guest image names no interpreter and needs no library.
elf_files() {
    local path
    find "$1" -type f \( -perm /111 -o -name '*.so*' \) ! -name '*.ko' -size +0 | while read -r path; do
        [ "$(head -c 5 "$path" | od -An -tx1)" = " 7f 45 4c 46 02" ] && readelf -d "$path" 2>/dev/null |
            grep -q NEEDED && echo "$path"
    done
    true
}

# make_cpio ROOT FILE: an uncompressed archive; under emulation, copying costs less than unpacking.
make_cpio() { (cd "$1" && find . -mindepth 1 -print0 | sort -z | cpio -o -0 -H newc -R 0:0 --quiet) >"$2"; }

download_packages() {
    local debs=$1 package kernel
    local -a wanted=()
    kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-.*-amd64\)$/\1/p' | head -n 1)
    compgen -G "$debs/linux-image-*.deb" >/dev/null || wanted+=("${kernel:-linux-image-amd64}")
    for package in "${dom0_packages[@]}"; do
        compgen -G "$debs/${package}_*.deb" >/dev/null || wanted+=("$package")
    done
    [ "${#wanted[@]}" -gt 0 ] || return 0
    say "downloading ${wanted[*]}"
    rm -rf "$debs/partial"; mkdir -p "$debs/partial"
    (cd "$debs/partial" && apt-get -qq -o APT::Sandbox::User=root download "${wanted[@]}") </dev/null >&2 || return 1
    mv "$debs/partial"/*.deb "$debs/"
    rmdir "$debs/partial"
}

# module_closure DIR NAME...: the paths of the modules and of all they depend on, dependencies first.
module_closure() {
    local dir=$1 path name
    declare -gA module_path=() module_seen=()
    while read -r path; do
        name=${path##*/}; name=${name%.ko}
        module_path[${name//-/_}]=$path
    done < <(find "$dir" -name '*.ko')
    shift
    for name in "$@"; do add_module "$name"; done
}

add_module() {
    local name=${1//-/_} dependency
    local path=${module_path[$name]:-}
    [ -n "$path" ] && [ -z "${module_seen[$name]:-}" ] || return 0 # built in, or done
    module_seen[$name]=1
    for dependency in $(modinfo_field "$path" depends | tr ',' ' '); do add_module "$dependency"; done
    echo "$path"
}

modinfo_field() { LC_ALL=C grep -a -o -z "^$2=[^[:cntrl:]]*" "$1" | head -z -n 1 | tr -d '\0' | sed "s/^$2=//"; }

# copy_tool TREE ROOT NAME: finds NAME in the unpacked packages, else on the host, and copies it to the same place.
copy_tool() {
    local tree=$1 root=$2 name=$3 from dir
    for dir in usr/lib/xen-4.17/bin usr/sbin usr/bin sbin bin; do
        for from in "$tree/$dir/$name" "/$dir/$name"; do
            [ -f "$from" ] || continue
            [ "${dir#usr/}" = "$dir" ] && dir=usr/$dir
            mkdir -p "$root/$dir"
            cp -L "$from" "$root/$dir/$name"
            return 0
        done
    done
    echo "lab: no program $name for dom0" >&2
    return 1
}

# unpack_kernel BZIMAGE: the ELF image inside; under emulation Xen would spend seconds on unpacking it.
unpack_kernel() {
    local setup_sectors offset length
    setup_sectors=$(od -An -tu1 -j 497 -N 1 "$1")
    offset=$(od -An -tu4 -j 584 -N 4 "$1")
    length=$(od -An -tu4 -j 588 -N 4 "$1")
    # The payload ends in four bytes of size, which are not xz's.
    dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip=$(((setup_sectors + 1) * 512 + offset)) count=$((length - 4)) \
        status=none | xz -dc
}

build_base() {
    local tree=$1 root=$2 here=$3 kver module applet tool
    skeleton "$root"
    kver=$(basename "$tree"/lib/modules/*)
    mkdir -p "$root/usr/lib/modules/$kver"
    for module in $(module_closure "$tree/lib/modules/$kver" "${boot_modules[@]}" "${more_modules[@]}"); do
        cp "$module" "$root/usr/lib/modules/$kver/"
    done
    for module in $(module_closure "$tree/lib/modules/$kver" "${boot_modules[@]}"); do
        echo "/lib/modules/$kver/${module##*/}"
    done >"$root/lab/modules"
    cp "$tree/lib/modules/$kver/modules.builtin" "$tree/lib/modules/$kver/modules.order" "$root/usr/lib/modules/$kver/"
    "$tree/bin/busybox" depmod -b "$root" "$kver" || return 1

    for tool in "${dom0_tools[@]}"; do copy_tool "$tree" "$root" "$tool" || return 1; done
    for tool in lsevtchn xen-diag xen-hvmctx; do ln -s "../lib/xen-4.17/bin/$tool" "$root/usr/bin/$tool"; done
    ln -s nc.openbsd "$root/usr/bin/nc"
    ln -s dash "$root/usr/bin/sh"
    cp "$tree/bin/busybox" "$root/usr/bin/"
    for applet in $("$tree/bin/busybox" --list); do
        [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
    done
    ln -s ../bin/busybox "$root/usr/sbin/modprobe" # where the kernel looks for it
    copy_libs "$root" "$tree/usr/lib/x86_64-linux-gnu:$tree/lib/x86_64-linux-gnu" || return 1

    cp "$here/init" "$root/init"
    cp "$here/profile" "$root/lab/profile"
    printf '%s\n' root:x:0:0:root:/root:/bin/sh \
        chaos-iod:x:991:991:chaos-iod:/nonexistent:/bin/false \
        nobody:x:65534:65534:nobody:/nonexistent:/bin/false >"$root/etc/passwd"
    printf '%s\n' root:x:0: chaos:x:990: chaos-iod:x:991: nogroup:x:65534: >"$root/etc/group"
    printf '%s\n' '127.0.0.1 localhost dom0' >"$root/etc/hosts"
    printf '%s\n' 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

build_xl() {
    local tree=$1 root=$2 tool
    skeleton "$root"
    for tool in "${xl_tools[@]}"; do copy_tool "$tree" "$root" "$tool" || return 1; done
    for tool in xl xenconsole; do ln -s "../lib/xen-4.17/bin/$tool" "$root/usr/sbin/$tool"; done
    for tool in ls read write list exists rm watch chmod; do copy_tool "$tree" "$root" "xenstore-$tool" || return 1; done
    mkdir -p "$root"/etc/xen "$root"/var/lib/{xen,xenstored} "$root"/var/log/xen
    echo 'autoballoon="off"' >"$root/etc/xen/xl.conf"
    copy_libs "$root" "$tree/usr/lib/x86_64-linux-gnu:$tree/lib/x86_64-linux-gnu" || return 1
    cp -Lu /lib/x86_64-linux-gnu/libgcc_s.so.1 "$root/usr/lib/x86_64-linux-gnu/" # pthread_cancel loads it
}

# prepare_image CACHE HERE: sets image_dir to a directory with xen, vmlinux, base.cpio and xl.cpio.
# The caller holds the cache lock. A directory is complete or absent, and never changes.
prepare_image() {
    local cache=$1 here=$2 debs=$1/debs key work deb
    mkdir -p "$debs"
    download_packages "$debs" || { echo "lab: could not download dom0's packages" >&2; return 1; }
    key=$({
        cd "$debs" && ls -- *.deb
        dpkg-query -W "${host_packages[@]}"
        cat "$here/image.sh" "$here/init" "$here/profile"
    } | sha256sum | cut -c 1-16)
    image_dir=$cache/image-$key
    [ -d "$image_dir" ] && { touch "$image_dir"; return 0; }

    say "building dom0's image"
    work=$(mktemp -d "$cache/.image.XXXXXX")
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$work/tree" || return 1; done
    mkdir "$work/image"
    if ! { zcat "$work/tree/boot/xen-4.17-amd64.gz" >"$work/image/xen" && unpack_kernel "$work/tree"/boot/vmlinuz-* >"$work/image/vmlinux" &&
        build_base "$work/tree" "$work/base" "$here" && make_cpio "$work/base" "$work/image/base.cpio" &&
        build_xl "$work/tree" "$work/xl" && make_cpio "$work/xl" "$work/image/xl.cpio"; }; then
        rm -rf "$work"
        return 1
    fi
    mv "$work/image" "$image_dir"
    rm -rf "$work"
    # Images of older checkouts: keep the few used last.
    find "$cache" -maxdepth 1 -name 'image-*' -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2- |
        xargs -r -d '\n' rm -rf
}
