#!/bin/sh
# The hardening check must refuse a program at a fixed address.
set -eu
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo 'int main(void) { return 0; }' >"$dir/x.c"
cc -no-pie -o "$dir/x" "$dir/x.c"
if "$here/hardening.sh" "$dir/x" >/dev/null; then
    echo "hardening.sh passed a program that is not position-independent" >&2
    exit 1
fi
