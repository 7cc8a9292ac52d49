# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: quick
# timeout: 120
# copy: tests/hv_smoke:/lab/hv_smoke
# The Xen port alone: a domain of several sizes from creation to destruction, nothing left behind.
. "$LAB_LIB"

for pages in 256 300 512 1024 32768; do
    out=$(/lab/hv_smoke 2 "$pages") || fail "a domain of $pages pages: $out"
    printf '%s\n' "$out"
    check_match "memory comes back, $pages pages" "*, 0 KiB lost" "$out"
    # 1.1 MiB without trim; what is left grows by page tables.
    overhead=$(printf '%s\n' "$out" | sed -n 's/^overhead \(.*\) KiB.*/\1/p')
    check "overhead of $pages pages is $overhead KiB" test "$overhead" -le $((300 + pages / 128))
done
