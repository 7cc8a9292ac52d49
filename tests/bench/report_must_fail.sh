#!/bin/sh
# The check of docs/benchmarks.md must see a figure that is not the recorded one.
# usage: report_must_fail.sh TREE PYTHON
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/docs"
cd "$1"
cp -R docs/benchmarks docs/benchmarks.md "$dir/docs/"
"$2" "$1/tests/bench/report.py" --check "$dir"
sed -i '/"phase":"total"/s/"p50_us":[0-9.]*/"p50_us":1.5/' "$dir/docs/benchmarks/xl-breakdown.jsonl"
if "$2" "$1/tests/bench/report.py" --check "$dir" >/dev/null; then
    echo "report.py passed a table that is not of the recorded lines" >&2
    exit 1
fi
