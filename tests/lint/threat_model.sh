#!/bin/sh
# Every test that docs/threat-model.md names exists, and every claim in its tables names one. usage: threat_model.sh TREE
set -eu
cd "$1"
doc=docs/threat-model.md

# exists NAME FILE: whether a test that the pattern NAME stands for is in FILE.
exists() { grep -qE "START_TEST\($(echo "$1" | sed 's/\*/[a-z0-9_]*/g')\)" "$2"; }

# check SPAN: what stands between two backquotes.
check() {
    case $1 in
    'file: test' | 't_*' | 'fuzz_*') return 0 ;; # how to read the others
    t_*) [ -e "tests/lab/$1.sh" ] || echo "$doc: no lab test $1" ;;
    fuzz_*)
        # shellcheck disable=SC2086 # a pattern is meant
        [ -e "$(echo tests/fuzz/$1.c | cut -d' ' -f1)" ] || echo "$doc: no fuzz target $1" ;;
    unit.*) grep -qsF "NAME ${1%.*}." tests/*.cmake || echo "$doc: no tests $1" ;;
    *': '*)
        file=tests/unit/test_${1%%:*}.c
        [ -e "$file" ] || { echo "$doc: no $file for '$1'"; return 0; }
        set -f
        for name in $(echo "${1#*: }" | tr ',' ' '); do
            exists "$name" "$file" || echo "$doc: no test $name in $file"
        done
        set +f ;;
    esac
}

{
    tr '\n' ' ' <$doc | grep -oE '`[^`]+`' | tr -d '`' | sort -u | while read -r span; do
        check "$span"
    done
    awk '/^\| .*shown by \|$/ { table = 1; next }
        !/^\|/ { table = 0 }
        table && !/^\|-/ && !/\| .*`(t_|fuzz_|unit[.]|[a-z_]+: )[^|]*\|$/ { print FILENAME ":" FNR ": a claim without a test" }' $doc
    grep -q 'shown by |$' $doc || echo "$doc: no table of claims found"
} | { ! grep .; }
