# shellcheck shell=sh source=tests/lab/lib.sh
# boot: xl
# tier: full
# timeout: 400
# Weight and cap, as Xen's own tool reads them, and what a cap does to a guest that computes without end. Xen's messages.
. "$LAB_LIB"

domid() { chaos info "$1" --json | jq .domid; }
# xen GUEST: weight and cap.
xen() { xl sched-credit2 -d "$(domid "$1")" | awk 'NR == 2 { print $3, $4 }'; }
sched() { chaos sched "$1" --json | jq -r '"\(.scheduler) \(.weight) \(.cap)"'; }
# clocks GUEST: milliseconds that it has computed, and that have passed, both by Xen's clock.
clocks() { echo "$(xl list "$(domid "$1")" | awk 'NR == 2 { print $6 * 1000 }')" "$(awk '{ print $1 * 1000 }' /proc/uptime)"; }
# share GUEST: percent of the CPU that it uses, over three seconds and more.
share() {
    share_before=$(clocks "$1")
    sleep 3
    echo "$share_before $(clocks "$1")" | awk '{ print int(($3 - $1) * 100 / ($4 - $2)) }'
}

liar busy spin
chaos create busy.cfg >/dev/null
eventually 20 sh -c 'chaos logs busy | grep -q liar:'
check_eq "as created" "credit2 256 0" "$(sched busy)"
check_eq "Xen says the same" "256 0" "$(xen busy)"
free=$(share busy)
check "it computes: $free %" test "$free" -ge 50

check "a cap" chaos sched busy --cap 20
check_eq "it has it" "credit2 256 20" "$(sched busy)"
check_eq "Xen has it" "256 20" "$(xen busy)"
capped=$(share busy)
check "it is held to it: $capped %" test "$capped" -le 35
check "a weight" chaos sched busy --weight 512
check_eq "the cap stays" "512 20" "$(xen busy)"
check_match "a person reads it" '*weight*512*cap*20 % of a CPU*' "$(chaos sched busy)"
check "both" chaos sched busy --weight 100 --cap 0
check_eq "Xen has both" "100 0" "$(xen busy)"
check_status "more than it has vCPUs" 3 chaos sched busy --cap 101
check_status "no such weight" 2 chaos sched busy --weight 65536
check_eq "nothing has changed" "100 0" "$(xen busy)"
chaos destroy --wait busy

check_eq "messages" "$(xl dmesg)" "$(chaos dmesg)"
check_match "in JSON" '*Xen*' "$(chaos dmesg --json | jq -r .text)"
for _ in 1 2 3 4 5 6; do xl debug-keys h; done
check_eq "more than one piece" "$(xl dmesg)" "$(chaos dmesg)"
check "it is more" test "$(chaos dmesg | wc -c)" -gt 8192
chaos dmesg --clear >all
check "all was shown" test "$(wc -c <all)" -gt 8192
check_eq "nothing is left" '' "$(chaos dmesg)"
xl debug-keys h
check_match "what comes later is there" '*installed handlers*' "$(chaos dmesg)"
