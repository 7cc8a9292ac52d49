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
# One compilation a file, one file a process: the analyzer carries va_list state from one to the next.
commands=$(mktemp -d)
trap 'rm -rf "$commands"' EXIT
jq 'unique_by(.file)' "$build/compile_commands.json" >"$commands/compile_commands.json"
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$commands" 2>/dev/null
