# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 180
# Frames in another's name do not leave the switch: not to dom0, not to a neighbour. Honest ones do.
. "$LAB_LIB"

trap 'chaos destroy odd --wait >/dev/null 2>&1 || true' EXIT

# seen MODE FILTER: how many frames of a liar arrive at dom0's end.
seen() {
    liar odd "$1" "vif = ['']"
    tcpdump -Z root --immediate-mode -i chaos0 -n -U -w "$1.pcap" >/dev/null 2>&1 &
    dump=$!
    eventually 10 test -s "$1.pcap"
    chaos create odd.cfg -q || fail "create $1"
    eventually 10 sh -c 'chaos console odd --no-follow | grep -q liar:'
    sleep 0.2
    # When its honest frames get their turn is up to the scheduler.
    [ "$1" != flood ] || eventually 10 sh -c '[ "$(wc -c <flood.pcap)" -gt 4096 ]'
    chaos destroy odd --wait
    sleep 0.5
    kill $dump
    wait $dump || true
    tcpdump -Z root -r "$1.pcap" -n "$2" 2>/dev/null | wc -l
}

check_eq "spoofed MAC" 0 "$(seen spoof-mac 'ip proto 253')"
check_eq "spoofed IP" 0 "$(seen spoof-ip 'ip proto 253')"
check_eq "spoofed ARP" 0 "$(seen spoof-arp 'arp and arp[6:2] == 2')"
flooded=$(seen flood 'ip proto 253')
check "honest broadcasts arrive, $flooded of them" test "$flooded" -gt 10
check "and not all, $flooded of them" test "$flooded" -lt 5000
