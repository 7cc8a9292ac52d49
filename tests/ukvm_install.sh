#!/bin/sh
# What a user of the library does: installs it, and builds the example with pkg-config, as C and as
# C++. usage: ukvm_install.sh BUILD_DIR EXAMPLE COMPILER [FLAG]...
set -eu
build=$1 example=$2
shift 2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --component ukvm --prefix "$prefix" >"$prefix/log" || { cat "$prefix/log"; exit 1; }
pc=$(find "$prefix" -name ukvm.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
# The file names where it would be without --prefix: here it is elsewhere.
libdir=$(dirname "$(dirname "$pc")")
includedir=$(dirname "$(find "$prefix" -name ukvm.h)")
config() {
    pkg-config "$1" --define-variable=libdir="$libdir" --define-variable=includedir="$includedir" ukvm
}
strict='-Wall -Wextra -Wpedantic -Werror'
# shellcheck disable=SC2086,SC2046
for language in 'c -std=c11' 'c++ -std=c++11'; do
    "$@" -x $language $strict -c "$example" -o "$prefix/boot.o" \
        $(config --cflags)
    "$@" "$prefix/boot.o" -o "$prefix/boot" \
        $(config --libs) -Wl,--no-undefined
done
# The message, and not that of the dynamic linker: the soname is found.
LD_LIBRARY_PATH=$libdir "$prefix/boot" 2>&1 | grep -q '^usage: boot FILE'
