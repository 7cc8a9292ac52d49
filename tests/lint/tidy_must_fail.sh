#!/bin/sh
# clang-tidy must see a planted bug. usage: tidy_must_fail.sh TREE
set -eu
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$1/.clang-tidy" "$dir/"
cat >"$dir/x.c" <<'X'
#include <stdlib.h>
int f(void);
int f(void)
{
    int *p = malloc(sizeof(*p));
    free(p);
    return *p;
}
X
printf '[{"directory":"%s","command":"cc -c x.c","file":"x.c"}]\n' "$dir" >"$dir/compile_commands.json"
if "$here/tidy.sh" "$dir" "$dir" x.c >/dev/null; then
    echo "tidy.sh passed a use after free" >&2
    exit 1
fi
