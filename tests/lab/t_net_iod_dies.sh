# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 120
# leaks: yes
# chaos-iod dies: guests run on, and are served again by the next one as if nothing had been.
. "$LAB_LIB"

trap 'chaos destroy one --wait >/dev/null 2>&1 || true; chaos destroy two --wait >/dev/null 2>&1 || true' EXIT
for name in one two; do
    sed "s/^name.*/name = \"$name\"/" /usr/share/chaos/guests/daytime.cfg >$name.cfg
    check "create" chaos create $name.cfg -q
done
ip_of() { chaos info "$1" --json | jq -r '.vifs[0].ip'; }
one=$(ip_of one) two=$(ip_of two)

for round in 1 2 3; do
    old=$(pidof chaos-iod)
    # In the middle of a conversation.
    (for _ in 1 2 3 4 5; do nc -w 1 "$one" 13 </dev/null; done >/dev/null 2>&1) &
    kill -KILL "$old"
    wait $! || true
    for ip in $one $two; do
        eventually 10 sh -c "nc -w 2 $ip 13 </dev/null | grep -q T"
    done
    check "round $round: another process" test "$(pidof chaos-iod)" != "$old"
    check_eq "round $round: both run" 'running running' "$(chaos list --json | jq -r '[.[].state] | join(" ")')"
done
check "destroy" chaos destroy one --wait
check "destroy" chaos destroy two --wait
