# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# chaos-iod dies, is stopped, and dies again: guests run on and answer, and new ones can be made.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
check "two guests" chaos create -q -n 2 $guests/daytime.cfg
answers() { nc -w 2 "$(chaos info "$1" --json | jq -r '.vifs[0].ip')" 13 </dev/null | grep -q Z; }
replaced() { [ -n "$(pidof chaos-iod)" ] && [ "$(pidof chaos-iod)" != "$1" ]; }
check "the first answers" answers daytime-1
domid=$(chaos info daytime-1 --json | jq -r .domid)

for round in 1 2 3; do
    old=$(pidof chaos-iod)
    kill -9 "$old"
    eventually 20 replaced "$old"
    eventually 20 answers daytime-1
    eventually 20 answers daytime-2
    check_eq "round $round: the same domain" "$domid" "$(chaos info daytime-1 --json | jq -r .domid)"
    check_eq "round $round: running" running "$(chaos info daytime-1 --json | jq -r .state)"
done

# One that hangs is replaced when it owes an answer.
old=$(pidof chaos-iod)
kill -STOP "$old"
check "a create meanwhile" chaos create -q --timeout 30 $guests/daytime.cfg
check "the one that hung is gone" replaced "$old"
eventually 20 answers daytime
eventually 20 answers daytime-1
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait || fail "destroy"
