#!/bin/bash
# Runs one libFuzzer target; called by ctest (fuzz.cmake).
#
# usage: run.sh coverage FUZZER CORPUS PARSER...   30 s, then 90 % line coverage of each PARSER
#        run.sh planted FUZZER CORPUS              the fuzzer must find its planted bug
set -euo pipefail

mode=$1 fuzzer=$2 seeds=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/new"
# New inputs go to the first directory, so the seeds in the tree stay as they are.
run=("$fuzzer" -print_final_stats=1 -timeout=5 -rss_limit_mb=1024 "-artifact_prefix=$work/")
export LLVM_PROFILE_FILE=$work/profile

planted() {
    if "${run[@]}" -max_total_time=60 "$work/new" "$seeds" >"$work/log" 2>&1; then
        echo "the planted bug was not found"
        return 1
    fi
    # Any other way to fail (no such file, out of time) is not the bug.
    grep -E 'SUMMARY: (AddressSanitizer|UndefinedBehaviorSanitizer)|runtime error:' "$work/log" ||
        { tail -n 20 "$work/log"; return 1; }
}

coverage() {
    local parser percent failed=0
    "${run[@]}" -max_total_time="${FUZZ_SECONDS:-30}" "$work/new" "$seeds" >"$work/log" 2>&1 ||
        { cat "$work/log"; return 1; }
    grep -E '^stat::number_of_executed_units' "$work/log" || true
    "$LLVM_PROFDATA" merge -o "$work/merged" "$work/profile"
    for parser; do
        "$LLVM_COV" export --format=lcov -instr-profile="$work/merged" "$fuzzer" "$parser" >"$work/lcov"
        percent=$(awk -F: '$1 == "LF" { all += $2 } $1 == "LH" { hit += $2 }
            END { printf "%.1f", all ? 100 * hit / all : 0 }' "$work/lcov")
        echo "line coverage of ${parser##*/}: $percent %"
        if awk -v p="$percent" 'BEGIN { exit !(p < 90) }'; then
            echo "below 90 %; not covered:"
            awk -F'[:,]' '$1 == "DA" && $3 == 0 { printf " %s", $2 } END { print "" }' "$work/lcov"
            failed=1
        fi
    done
    return "$failed"
}

"$mode" "$@"
