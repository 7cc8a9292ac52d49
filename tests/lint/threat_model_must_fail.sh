#!/bin/sh
# The check of the threat model must see a test that is not there, and a claim without one.
set -eu
here=$(dirname "$0")
dir=$(mktemp -d) docs=$dir/docs
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/docs" "$dir/tests/unit" "$dir/tests/lab" "$dir/tests/fuzz"
echo 'START_TEST(it_is_bounded)' >"$dir/tests/unit/test_x.c"
: >"$dir/tests/lab/t_y.sh"
: >"$dir/tests/fuzz/fuzz_z.c"

# expect STATUS CELL: what the check says to a claim shown by CELL.
expect() {
    printf '| it cannot | shown by |\n|---|---|\n| fly | %s |\n' "$2" >"$docs/threat-model.md"
    status=0
    "$here/threat_model.sh" "$dir" >/dev/null || status=$?
    [ "$status" = "$1" ] || { echo "threat_model.sh: '$2': status $status" >&2; exit 1; }
}
# shellcheck disable=SC2016 # backquotes are meant
{
    expect 0 '`x: it_is_bounded`'
    expect 0 '`x: it_*, *_bounded`, `t_y` and `fuzz_z`'
    expect 1 '`x: it_is`'
    expect 1 '`x: it_is_bounded, that_*`'
    expect 1 '`w: *`'
    expect 1 '`t_x`'
    expect 1 '`fuzz_y*`'
    expect 1 '`unit.w.*`'
    expect 1 'nothing'
}
