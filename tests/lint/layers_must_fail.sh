#!/bin/sh
# The layer check must catch each of these; a check that passes them is broken.
set -eu
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# expect_refused FILE INCLUDE-LINE
expect_refused() {
    rm -rf "${dir:?}"/*
    mkdir -p "$dir/$(dirname "$1")"
    printf '%s\n' "$2" >"$dir/$1"
    if "$here/layers.sh" "$dir" 2>/dev/null; then
        echo "layers.sh let $1 say: $2" >&2
        exit 1
    fi
}

expect_refused daemon/io/x.c '#include "core/guest.h"'
expect_refused daemon/core/x.c '#include "hv/xen/hv_xen.h"'
expect_refused daemon/core/x.c '#include "io/vswitch.h"'
expect_refused daemon/core/x.c '#include <event2/event.h>'
expect_refused daemon/core/x.c '#include <xenctrl.h>'
expect_refused daemon/io/x.c '#include <xengnttab.h>'
expect_refused noxs/include/noxs/x.h '#include <string.h>'
expect_refused chaos-cli/x.c '#include "core/guest.h"'
expect_refused daemon/misc/x.c '#include "util/loop.h"'

rm -rf "${dir:?}"/*
mkdir -p "$dir/daemon/core"
printf '#include "hv/hv.h"\n#include <stdint.h>\n' >"$dir/daemon/core/x.c"
"$here/layers.sh" "$dir" || { echo "layers.sh refused a lawful file" >&2; exit 1; }
