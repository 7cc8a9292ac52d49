#!/bin/sh
# Every document that the tree names exists. usage: doc_links.sh TREE
set -eu
cd "$1"
status=0
grep -rnoE '[A-Za-z0-9_./-]*[A-Za-z0-9_-]+\.md' --include='*.md' --include='*.[chS]' --include='*.sh' \
    --include='*.txt' --include='*.cmake' . --exclude-dir=build --exclude-dir=.git \
    --exclude='doc_links*' |
    while IFS=: read -r file line name; do
        for place in "$(dirname "$file")/$name" "./$name" "docs/$name"; do
            [ ! -e "$place" ] || continue 2
        done
        echo "$file:$line: $name does not exist"
    done | grep . && status=1
exit $status
