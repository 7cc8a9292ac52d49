#!/bin/bash
# The check of the ratios' history must see one that rises beside another change, or in silence.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git -C "$dir" init -q
mkdir -p "$dir/tests/lab"

# commit RATIO OTHER MESSAGE...
commit() {
    printf '# x 9\nloaded %s\n' "$1" >"$dir/tests/lab/speed_ratios"
    echo "$2" >"$dir/other"
    shift 2
    git -C "$dir" add -A
    git -C "$dir" commit -q "$@"
}
undo() { git -C "$dir" reset -q --hard HEAD^; }
passes() { "$here/ratios.sh" "$dir" || { echo "$1 does not pass" >&2; exit 1; }; }
fails() { if "$here/ratios.sh" "$dir" >/dev/null; then echo "$1 passes" >&2; exit 1; fi; }

commit 0.2 a -m first
passes "a first ratio"
commit 0.1 b -m faster
passes "one that falls beside another change"
commit 0.3 c -m "slower" -m "because"
fails "one that rises beside another change"
undo
commit 0.3 b -m slower
fails "one that rises in silence"
undo
commit 0.3 b -m slower -m "because"
passes "one that rises alone and says why"
