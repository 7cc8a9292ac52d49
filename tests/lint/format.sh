#!/bin/sh
# clang-format agrees with every source file. usage: format.sh TREE
set -eu
cd "$1"
find noxs libukvm chaos-cli daemon guests tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run --Werror
