# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: quick
# timeout: 300
# A published port is reached from outside dom0: through QEMU's forward, from the machine the lab runs on.
. "$LAB_LIB"

# A network of our own, so that the port is free whoever else runs here.
if [ "${1:-}" != inside ]; then
    unshare -n true 2>/dev/null || skip "needs root to make a network namespace"
    exec unshare -n sh -eu "$0" inside
fi
ip link set lo up
"$LAB" run --forward 8013:8013 --timeout 120 -- sh -c '
    chaos create /usr/share/chaos/guests/daytime.cfg -p 8013:13 -q && echo created
    tries=0
    until [ -e /run/answered ] || [ $tries -ge 600 ]; do
        sleep 0.1; tries=$((tries + 1))
        # The guest has served somebody once it has a connection more in its console or dom0 has tracked one.
        nft list ruleset >/dev/null
        grep -q "dport=8013.*ASSURED" /proc/net/nf_conntrack 2>/dev/null && touch /run/answered
    done
    # The answer is still on its way when dom0 knows of the connection.
    sleep 3' >out 2>err &
lab=$!
answer=''
while [ -z "$answer" ] && kill -0 $lab 2>/dev/null; do
    answer=$(nc -w 3 127.0.0.1 8013 </dev/null || true)
    sleep 0.2
done
kill $lab 2>/dev/null || true
check_match "the answer" '????-??-??T??:??:??Z' "$answer"
