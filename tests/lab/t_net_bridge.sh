# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 120
# A guest on a bridge of dom0 has an interface of its own there, and may not speak in another's name.
. "$LAB_LIB"

ip link add br0 type bridge
trap 'chaos destroy bridged --wait >/dev/null 2>&1 || true; chaos destroy odd --wait >/dev/null 2>&1 || true; ip link del br0' EXIT
ip address add 192.168.50.1/24 dev br0
ip link set br0 up
{
    sed -e 's/^name.*/name = "bridged"/' -e '/^vif/d' /usr/share/chaos/guests/daytime.cfg
    echo "vif = ['bridge=br0,ip=192.168.50.5/24']"
} >bridged.cfg
check "create" chaos create bridged.cfg -q
check_eq "bridge" br0 "$(chaos info bridged --json | jq -r '.vifs[0].bridge')"
check_match "it answers" '????-??-??T??:??:??Z' "$(nc -w 5 192.168.50.5 13 </dev/null)"
check_eq "ports of the bridge" 1 "$(ip -o link show master br0 | wc -l)"

liar odd spoof-ip "vif = ['bridge=br0,ip=192.168.50.6/24']"
tcpdump -Z root --immediate-mode -i br0 -n -w spoofed.pcap >/dev/null 2>&1 &
dump=$!
sleep 1
check "create" chaos create odd.cfg -q
eventually 10 sh -c 'chaos console odd --no-follow | grep -q "sent 10"'
sleep 0.5
kill $dump
wait $dump || true
check_eq "spoofed frames" 0 "$(tcpdump -Z root -r spoofed.pcap -n 'ip proto 253' 2>/dev/null | wc -l)"

check "destroy" chaos destroy odd --wait
check "destroy" chaos destroy bridged --wait
check_eq "no port is left" 0 "$(ip -o link show master br0 | wc -l)"

check_status "no such bridge" 3 sh -c 'sed "s/br0/br7/" bridged.cfg >none.cfg; chaos create none.cfg -q 2>err'
check_match "says so" '*br7*' "$(cat err)"
