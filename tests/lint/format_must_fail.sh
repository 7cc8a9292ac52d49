#!/bin/sh
# The format check must refuse an ill-formatted file. usage: format_must_fail.sh TREE
set -eu
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/noxs" "$dir/libukvm" "$dir/chaos-cli" "$dir/daemon" "$dir/guests" "$dir/tests"
cp "$1/.clang-format" "$dir/"
printf 'int  f( void ){return 0 ;}\n' >"$dir/noxs/x.c"
if "$here/format.sh" "$dir" 2>/dev/null; then
    echo "format.sh passed an ill-formatted file" >&2
    exit 1
fi
