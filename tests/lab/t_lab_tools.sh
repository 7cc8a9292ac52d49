# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# dom0 has what tests and people count on.
. "$LAB_LIB"

for tool in jq nc curl strace nft ip tcpdump gdbserver lsevtchn; do
    check "tool $tool" command -v "$tool"
done
check_eq "the clock is set" 20 "$(date +%Y | cut -c 1-2)"
check "the network is up" ping -c 1 -w 20 10.0.2.2
for path in /dev/net/tun /dev/xen/evtchn /dev/xen/gntdev /dev/xen/gntalloc /dev/xen/privcmd; do
    check "device $path" test -c "$path"
done
check "no xenstored beside us" test -z "$(pidof xenstored)"
if command -v chaosd >/dev/null; then check "chaosd answers" chaos version; fi

# NAT both ways, as publishing a port needs it.
nft -f - <<'N'
table ip lab_test {
    chain in { type nat hook prerouting priority dstnat; tcp dport 8080 dnat to 10.77.0.2:80; }
    chain out { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }
}
N
check "nft lists the rules" sh -c 'nft list table ip lab_test | grep -q "dnat to 10.77.0.2:80"'
nft delete table ip lab_test
