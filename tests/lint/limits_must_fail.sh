#!/bin/sh
# The check of limits must see one without a test, and a table that it cannot read.
set -eu
here=$(dirname "$0")
dir=$(mktemp -d) docs=$dir/docs
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/daemon/core" "$dir/tests/unit"
expect() { # STATUS WHAT
    status=0
    "$here/limits.sh" "$dir" >/dev/null || status=$?
    [ "$status" = "$1" ] || { echo "limits.sh: $2: status $status" >&2; exit 1; }
}
printf '    X(FEET, 2, "feet", "feet of a guest")\n' >"$dir/daemon/core/limits.h"
echo 'LIMIT_FEETS, limit hands' >"$dir/tests/unit/test_x.c"
expect 1 "a limit without a test"
echo 'check("limit feet: at most 2")' >"$dir/tests/unit/test_x.c"
expect 0 "a limit with a test"
printf '    X(FEET, LIMIT_FEET)\n' >>"$dir/daemon/core/limits.h"
mkdir "$dir/docs"
echo '| `feet` | 3 |' >"$docs/config.md"
expect 1 "a limit that can be set, with another default in the document"
echo '| `feet` | 2 |' >"$docs/config.md"
expect 0 "the right one"
: >"$dir/daemon/core/limits.h"
expect 1 "no table"
