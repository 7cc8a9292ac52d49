#!/bin/bash
# Builds and tests everything, in tiers. Installs what it needs, so it must be root the first time.
#
# usage: test.sh [--full | --soak] [--asan]
#
#   (nothing)  the quick tier, at most 15 minutes: the sanitizer build, unit, golden, fuzz-corpus, lint, lab tests
#   --full     at most 40 minutes: adds gcc and clang release builds, clang-tidy, 30 s of each fuzz target, all lab tests
#   --soak     only the long lab tests, for runs by hand
#   --asan     lab tests of the normal boot class run the sanitizer build
# shellcheck disable=SC2317 # most functions are called through layer
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
tier=quick lab_options=()
for argument in "$@"; do
    case $argument in
    --full) tier=full ;;
    --soak) tier=soak ;;
    --asan) lab_options+=(--asan) ;;
    --only-lab) tier=lab ;; # for the test of this script
    *) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
    esac
done

passed=0 failed=0 skipped=0 times=()
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# layer NAME COMMAND...: runs one layer and notes its time.
layer() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    "$@"
    times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

# Setup that must work. A failure counts as one failed test, and ends the run: nothing after it would mean much.
setup() {
    "$@" && return
    failed=$((failed + 1))
    summary
}

summary() {
    echo "== time"
    printf '%s\n' "${times[@]}"
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ]
    exit
}

# build PRESET: silent unless it fails.
build() {
    local log=$work/build-$1.log
    cmake --preset "$1" >"$log" 2>&1 && cmake --build --preset "$1" >>"$log" 2>&1 && return
    grep -E -A8 'error:|Error |FAILED' "$log" | head -n 25
    echo "build $1 failed"
    return 1
}

# attribute NAME FILE: an attribute of the first element that has it; ctest's report has the totals there.
attribute() { grep -o -m 1 "[[:space:]]$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9; }

# ctest_layer PRESET LABEL: counts the tests of one label; shows only what did not pass.
ctest_layer() {
    local preset=$1 label=$2 log=$work/ctest.log report=$work/ctest.xml total bad unrun
    rm -f "$report"
    ctest --preset "$preset" -L "^$label\$" -j "$(nproc)" --output-on-failure --no-tests=ignore \
        --output-junit "$report" >"$log" 2>&1 || true
    if ! [ -s "$report" ]; then
        # No layer is empty: one that finds no tests has lost them.
        cat "$log"
        failed=$((failed + 1))
        return 0
    fi
    total=$(attribute tests "$report") bad=$(attribute failures "$report") unrun=$(attribute skipped "$report")
    [ "$bad" = 0 ] || grep -E -v '^ *Start |  Passed |^Test project|^$' "$log"
    if [ "$unrun" != 0 ]; then
        grep -E '\*\*\*(Skipped|Not Run)' "$log"
        grep -h -i -A2 '<skipped' "$report" | sed -n 's/.*<system-out>\(.*\)/    \1/p'
        # Where everything can be installed, a skip is a test that somebody believes to run.
        [ "${CI:-}" != true ] || { echo "a skip is a failure in CI"; bad=$((bad + unrun)); unrun=0; }
    fi
    echo "$label: $((total - bad - unrun)) passed, $bad failed, $unrun skipped"
    passed=$((passed + total - bad - unrun)) failed=$((failed + bad)) skipped=$((skipped + unrun))
}

labels='unit|golden|fuzz-corpus|lint|tidy|fuzz'

# A test without one of the labels would run in no layer.
check_labels() {
    local stray
    stray=$(ctest --preset asan -N -LE "^($labels)\$" | sed -n 's/^ *Test *#[0-9]*: //p')
    if [ -n "$stray" ]; then
        echo "tests without a layer's label: $stray"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# lab_layer ARGS...: a run that ends without its summary has failed, whatever else it printed.
lab_layer() {
    local line summary=''
    while IFS= read -r line; do
        if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
            passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
            summary=$line line="lab: $line"
        fi
        printf '%s\n' "$line"
    done < <("${LAB_RUN:-tests/lab/run}" "$@" ${lab_options[@]+"${lab_options[@]}"} 2>&1)
    if [ -z "$summary" ]; then
        echo "the lab tests ended without a summary"
        failed=$((failed + 1))
    fi
}

if [ "$tier" = lab ]; then
    layer "lab" lab_layer
    summary
fi
layer dependencies setup scripts/deps.sh
if [ "$tier" != soak ]; then
    layer "build: gcc, sanitizers" setup build asan
    layer "labels" check_labels
    for label in unit golden fuzz-corpus lint; do layer "$label" ctest_layer asan "$label"; done
fi
layer "build: gcc, release" setup build release
if [ "$tier" = full ]; then
    layer "lint: release build" ctest_layer release lint
    layer "build: clang, release" setup build clang
    layer "tidy" ctest_layer clang tidy
    layer "build: clang, fuzzers" setup build fuzz
    layer "fuzz" ctest_layer fuzz fuzz
fi
layer "lab" lab_layer --tier "$tier"
summary
