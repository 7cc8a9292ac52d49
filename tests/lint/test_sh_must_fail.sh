#!/bin/sh
# scripts/test.sh must fail when the lab runner dies, fails a test, or says nothing.
# usage: test_sh_must_fail.sh TREE
set -eu
tree=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# run_with BODY: the lab layer alone, with a runner of this body.
run_with() {
    printf '#!/bin/sh\n%s\n' "$1" >"$dir/run"
    chmod +x "$dir/run"
    LAB_RUN=$dir/run "$tree/scripts/test.sh" --only-lab >"$dir/out" 2>&1
}

for body in 'exit 1' 'exit 0' 'echo ok one; exit 1' 'echo "3 passed, 1 failed, 0 skipped"; exit 1'; do
    if run_with "$body"; then
        echo "test.sh passed with a runner that does: $body" >&2
        exit 1
    fi
    grep -q '^[0-9]* passed, [1-9][0-9]* failed$' "$dir/out" || { cat "$dir/out" >&2; exit 1; }
done
run_with 'echo "3 passed, 0 failed, 0 skipped"' || { cat "$dir/out" >&2; exit 1; }
