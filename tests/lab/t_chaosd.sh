# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# leaks: yes
# chaosd stops and starts: it leaves no guest, no rule, no link, no process, and comes back.
. "$LAB_LIB"

# Other tests of this boot need it, whatever becomes of this one.
trap 'cat log 2>/dev/null; unset CHAOS_SOCKET; chaos version >/dev/null 2>&1 || chaosd -d' EXIT

guests=/usr/share/chaos/guests
gone() { [ -z "$(pidof "$1")" ]; }

check "a guest with a published port" chaos create -q $guests/daytime.cfg -p 8080:13
check "rules are there" sh -c 'nft list ruleset | grep -q 8080'
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
check_status "nobody serves" 12 chaos list 2>/dev/null
check_eq "no socket is left" "" "$(find /run/chaos -type s)"
check_eq "no rule is left" "" "$(nft list ruleset)"
check_status "no uplink is left" 1 ip link show chaos0 2>/dev/null
check_eq "no domain is left" "" "$(lsevtchn 1 2>/dev/null | head -1)"

check "it starts again" chaosd -d
check "it serves" chaos create -q $guests/daytime.cfg
check "destroy" chaos destroy --wait daytime

# Stopped for a while, it leaves its guests to the next (t_adopt has more of this).
check "a guest" chaos create -q $guests/daytime.cfg
kill "$(pidof chaosd)"
eventually 20 gone chaosd
check "it starts again" chaosd -d
check_eq "the same list" '["daytime"]' "$(chaos list --json | jq -c 'map(.name)')"
check_match "with network" '*Z' "$(nc -w 3 "$(chaos info daytime --json | jq -r '.vifs[0].ip')" 13 </dev/null)"
check "destroy" chaos destroy --wait daytime

# Settings from a file, in the foreground.
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
cat >my.conf <<C
socket = /run/my/c.sock
network = 192.168.44.0/24   # another one
uplink = guests0
C
chaosd --config "$PWD/my.conf" >log 2>&1 &
export CHAOS_SOCKET=/run/my/c.sock
eventually 40 chaos version
check "create" chaos create -q $guests/daytime.cfg
check_eq "its address" 192.168.44.2 "$(chaos info daytime --json | jq -r '.vifs[0].ip')"
check "the uplink" ip link show guests0
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
check_match "its log" '*serves /run/my/c.sock*created*stopping*' "$(tr '\n' ' ' <log)"
unset CHAOS_SOCKET
check "as before" chaosd -d
