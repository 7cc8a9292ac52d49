#!/bin/sh
# clang-tidy over the host code of a build. usage: tidy.sh TREE BUILD_DIR [FILE...]
set -eu
tree=$1 build=$2
shift 2
cd "$tree"
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(find libukvm chaos-cli daemon -name '*.c' | sort)
fi
printf '%s\0' "$@" | xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p "$build" 2>/dev/null
