#!/bin/sh
# Every row of the table of limits is named by a unit test, as LIMIT_SYMBOL, LIMIT_ID_SYMBOL or "limit NAME", and those
# that can be set are in docs/config.md with their default. usage: limits.sh TREE
set -eu
cd "$1"
table=daemon/core/limits.h
sed -nE 's/^    X\(([A-Z_0-9]+), ([0-9]+), "([a-z0-9-]+)".*/\1 \2 \3/p' $table |
    {
        count=0 status=0
        while read -r symbol value name; do
            count=$((count + 1))
            if ! grep -rqwE "LIMIT_(ID_)?$symbol|limit $name" tests/unit; then
                echo "$table: no unit test names limit $name (LIMIT_$symbol)"
                status=1
            fi
            if grep -qE "^    X\($symbol, [^,]*\)" $table && ! grep -q "^| \`$name\` | $value |" docs/config.md; then
                echo "$table: docs/config.md has no line for limit $name, $value"
                status=1
            fi
        done
        [ $count -gt 0 ] || { echo "$table: no rows found"; status=1; }
        exit $status
    }
