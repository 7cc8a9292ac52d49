#!/bin/bash
# Golden tests: what a program prints must be what the file beside the case says, to the byte.
#
# usage: run.sh config CONFIG_PRINT            config/pass/NAME.cfg with .json, config/fail/NAME.cfg with .err
#        run.sh cli FAKE_CHAOSD BIN_DIR...     cli/NAME.sh, run beside the fake chaosd NAME.script, with .out
#
# UPDATE=1 writes the expected files instead: read the difference before you commit it.
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

# check EXPECTED: compares $work/out with it.
check() {
    if [ -n "${UPDATE:-}" ]; then
        cp "$work/out" "$1"
    else
        diff -u "$1" "$work/out" || failed=$((failed + 1))
    fi
}

# A case is named by its path below the directory, so that messages do not depend on where the tree is.
config() {
    local path expected status want
    cd "$here"
    for path in config/pass/*.cfg config/fail/*.cfg; do
        case $path in
        */pass/*) expected=${path%.cfg}.json want=0 ;;
        *) expected=${path%.cfg}.err want=1 ;;
        esac
        cases=$((cases + 1)) status=0
        "$1" "$path" >"$work/out" || status=$?
        if [ "$status" = "$want" ]; then
            check "$expected"
        else
            echo "$path: status $status, not $want"
            failed=$((failed + 1))
        fi
    done
}

cli() {
    local path status fake=$1
    shift
    PATH=$(IFS=:; echo "$*"):$PATH
    export PATH LC_ALL=C
    for path in "$here"/cli/*.sh; do
        cases=$((cases + 1)) status=0
        rm -rf "$work/dir"
        mkdir "$work/dir"
        cd "$work/dir"
        "$fake" "${path%.sh}.script" sh "$path" >"$work/out" 2>&1 </dev/null || status=$?
        echo "exit $status" >>"$work/out"
        check "${path%.sh}.out"
    done
}

"$@"
echo "$cases cases, $failed failed"
[ "$cases" -gt 0 ] && [ "$failed" = 0 ]
