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
libdir=$(pkg-config --variable=libdir --define-variable=prefix="$prefix" ukvm)
strict='-Wall -Wextra -Wpedantic -Werror'
# shellcheck disable=SC2086,SC2046
for language in 'c -std=c11' 'c++ -std=c++11'; do
    "$@" -x $language $strict -c "$example" -o "$prefix/boot.o" \
        $(pkg-config --cflags --define-variable=prefix="$prefix" ukvm)
    "$@" "$prefix/boot.o" -o "$prefix/boot" \
        $(pkg-config --libs --define-variable=prefix="$prefix" ukvm) -Wl,--no-undefined
done
# The message, and not that of the dynamic linker: the soname is found.
LD_LIBRARY_PATH=$libdir "$prefix/boot" 2>&1 | grep -q '^usage: boot FILE'
