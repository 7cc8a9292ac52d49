#!/bin/sh
# The check of document names must see one that is missing.
set -eu
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/docs"
echo 'See [it](docs/absent.md).' >"$dir/README.md"
if "$here/doc_links.sh" "$dir" >/dev/null; then
    echo "doc_links.sh passed a name of a document that is not there" >&2
    exit 1
fi
: >"$dir/docs/absent.md"
"$here/doc_links.sh" "$dir"
