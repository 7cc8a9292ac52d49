# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 120
# A network namespace plays a machine outside: guests reach it behind dom0's address, it reaches them through
# published ports and in no other way.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
ip netns add outside
trap 'ip link del out0; ip netns del outside; chaos destroy inside --wait >/dev/null 2>&1 || true; chaos destroy asks --wait >/dev/null 2>&1 || true' EXIT
ip link add out0 type veth peer name out1 netns outside
ip address add 192.0.2.1/24 dev out0
ip link set out0 up
ip -n outside address add 192.0.2.2/24 dev out1
ip -n outside link set out1 up
ip -n outside link set lo up
outside() { ip netns exec outside "$@"; }

# From inside out. nc tells who came.
outside nc -v -n -l -p 7001 <<W >nc.out 2>nc.err &
hello from outside
W
cat >asks.cfg <<C
name = "asks"
kernel = "$guests/tests/client"
memory = 2
cmdline = "192.0.2.2:7001"
vif = ['']
on_poweroff = "preserve"
C
eventually 10 sh -c "ip netns exec outside netstat -ltn | grep -q :7001"
check "create" chaos create asks.cfg --no-wait -q
eventually 20 sh -c 'chaos info asks --json | jq -e ".state == \"stopped\""'
check_match "the guest" '*client: received hello from outside*' "$(chaos console asks --no-follow)"
check_match "who it saw" '*192.0.2.1*' "$(cat nc.err)"

# From outside in.
sed 's/^name.*/name = "inside"/' $guests/daytime.cfg >inside.cfg
check "create" chaos create inside.cfg -p 8013:13 -q
inside=$(chaos info inside --json | jq -r '.vifs[0].ip')
check_match "published" '????-??-??T??:??:??Z' "$(outside nc -w 5 192.0.2.1 8013 </dev/null)"
check_match "published, from dom0" '????-??-??T??:??:??Z' "$(nc -w 5 192.0.2.1 8013 </dev/null)"
ip -n outside route add 10.77.0.0/16 via 192.0.2.1
check_status "not published" 1 outside nc -w 2 -z "$inside" 13
check_match "the host's own way" '????-??-??T??:??:??Z' "$(nc -w 5 "$inside" 13 </dev/null)"

# A port that is taken: by another guest, by a program of dom0.
check_status "published twice" 9 chaos create $guests/daytime.cfg -p 8013:13 -q 2>err
check_match "says so" '*8013/tcp*' "$(cat err)"
check_eq "nothing is left of it" inside "$(chaos list --json | jq -r '.[].name' | grep -v asks)"

check "destroy" chaos destroy inside --wait
check_status "no longer published" 1 outside nc -w 2 -z 192.0.2.1 8013
