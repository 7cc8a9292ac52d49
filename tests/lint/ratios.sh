#!/bin/bash
# A ratio of tests/lab/speed_ratios rises only in a commit that changes nothing else and says why: a
# message of more than its first line. usage: ratios.sh TREE
set -euo pipefail
cd "$1"
file=tests/lab/speed_ratios

git rev-parse --git-dir >/dev/null 2>&1 || { echo "no history here" >&2; exit 77; }

# risen OLD NEW: the modes whose ratio is higher in NEW, or that NEW lacks.
risen() {
    awk '/^#/ { next } NR == FNR { old[$1] = $2; next } { new[$1] = $2 }
        END { for (mode in old) if (!(mode in new) || new[mode] > old[mode]) print mode }' "$1" "$2"
}

old=$(mktemp) new=$(mktemp)
trap 'rm -f "$old" "$new"' EXIT
status=0
for commit in $(git log --no-merges --format=%H --diff-filter=M -- "$file"); do
    git show "$commit^:$file" >"$old"
    git show "$commit:$file" >"$new"
    modes=$(risen "$old" "$new" | sort | paste -sd' ')
    [ -n "$modes" ] || continue
    if [ "$(git diff-tree --no-commit-id --name-only -r "$commit")" != "$file" ]; then
        echo "$(git log -1 --format=%h "$commit"): $modes rises beside other changes"
        status=1
    elif [ -z "$(git log -1 --format=%b "$commit")" ]; then
        echo "$(git log -1 --format=%h "$commit"): $modes rises and nothing says why"
        status=1
    fi
done
# What is not committed yet is to become a commit of its own.
if [ -e "$file" ] && git cat-file -e "HEAD:$file" 2>/dev/null; then
    git show "HEAD:$file" >"$old"
    modes=$(risen "$old" "$file" | sort | paste -sd' ')
    others=$(git status --porcelain --untracked-files=no | cut -c 4- | grep -vx "$file" || true)
    if [ -n "$modes" ] && [ -n "$others" ]; then
        echo "not committed: $modes rises beside other changes"
        status=1
    fi
fi
exit $status
