# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 240
# Creating: timing, no waiting, many at once, and a name that is taken meanwhile.
. "$LAB_LIB"

# is GUEST STATE
is() { [ "$(chaos info "$1" --json | jq -r .state)" = "$2" ]; }

guests=/usr/share/chaos/guests

phases=$(chaos create --timing --json $guests/noop.cfg | jq -c '[.. | .timing? // empty | .[].phase]')
check_eq "phases" '["request","check","image","pool","room","reserve","publish","domain","memory","channels","grants","load","page","clock","params","control","io","attach","record","cpus","unpause","ready"]' "$phases"
check_status "the same name again" 8 chaos create $guests/noop.cfg
check_eq "the first one runs" running "$(chaos info noop --json | jq -r .state)"
check "destroy" chaos destroy noop
check "the name is free at once" chaos create $guests/noop.cfg
check "destroy" chaos destroy --wait noop

check "no waiting" chaos create --no-wait $guests/noop.cfg
eventually 10 is noop running
check "destroy" chaos destroy --wait noop

# Two clients race for one name: one of them gets it.
chaos create -q $guests/noop.cfg 2>/dev/null &
first=$!
second=0
chaos create -q $guests/noop.cfg 2>/dev/null || second=$?
wait $first && first=0 || first=$?
check_eq "one of two wins" 8 $((first + second))
check "destroy" chaos destroy --wait noop

# Fifty at once, from ten clients.
for client in 0 1 2 3 4 5 6 7 8 9; do
    chaos create -q -n 5 $guests/daytime.cfg name=\'g$client\' >err$client 2>&1 || echo "status $?" >>err$client &
done
wait
check_eq "no client complained" "" "$(cat err*)"
check_eq "fifty run" 50 "$(chaos list --json | jq '[.[] | select(.state == "running")] | length')"
check_eq "fifty addresses" 50 "$(chaos list --json | jq '[.[].vifs[0].ip] | unique | length')"
for ip in $(chaos list --json | jq -r '.[].vifs[0].ip'); do
    nc -w 3 "$ip" 13 </dev/null | grep -q Z || fail "$ip does not answer"
done
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait || fail "destroy"
check_eq "none is left" '[]' "$(chaos list --json | jq -c .)"

# A client that goes away leaves its guest.
chaos create -q $guests/daytime.cfg &
sleep 0.05
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
eventually 10 sh -c 'chaos list --json | jq -e "all(.state == \"running\")"'
chaos list --json | jq -r '.[].name' | xargs -r chaos destroy --wait || fail "destroy"
