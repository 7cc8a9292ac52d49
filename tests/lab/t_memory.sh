# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# With 50 guests, each daemon keeps under 12 MB resident, and every guest answers.
. "$LAB_LIB"

chaos create -n 50 /usr/share/chaos/guests/daytime.cfg -q || fail "50 guests"
check_eq "50 guests run" 50 "$(chaos list --json | jq '[.[] | select(.state == "running")] | length')"

for daemon in chaosd chaos-iod; do
    kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pidof "$daemon")/status")
    echo "$daemon: $kib KiB resident with 50 guests"
    check "$daemon under 12 MB" test "$kib" -lt 12000
done

for ip in $(chaos list --json | jq -r '.[].vifs[0].ip'); do
    check_match "$ip answers" '20*T*Z' "$(nc -w 3 "$ip" 13 </dev/null)"
done
for name in $(chaos list --json | jq -r '.[].name'); do
    check "destroy $name" chaos destroy --wait "$name"
done
