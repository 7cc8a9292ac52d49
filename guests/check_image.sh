#!/bin/sh
# check_image.sh IMAGE MAX_BYTES: holds a guest image to what loaders and users are promised.
set -eu
image=$1 max=$2

fail() {
    echo "$image: $*"
    exit 1
}

size=$(wc -c <"$image")
[ "$size" -le "$max" ] || fail "$size bytes, more than $max"

loads=$(LC_ALL=C readelf -lW "$image" | grep -c '^ *LOAD ') || fail "no segment to load"
[ "$loads" = 1 ] || fail "$loads segments: each costs the toolstack a mapping"

notes=$(LC_ALL=C readelf -nW "$image" 2>/dev/null)
case $notes in *0x00000012*) ;; *) fail "no PVH entry note" ;; esac
case $notes in *noxs*'01 00 00 00 01 00 00 00'*) ;; *) fail "no note that says noxs ABI 1" ;; esac

! LC_ALL=C readelf -SW "$image" | grep -q ' \.symtab ' || fail "not stripped"

# Only the page that Xen fills knows which instruction this CPU wants.
code=$(LC_ALL=C objdump -d --no-show-raw-insn "$image")
! echo "$code" | grep -qE '\<vmm?call\>' || fail "a raw hypercall instruction"
echo "$image: $size of $max bytes"
