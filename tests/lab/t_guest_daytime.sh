# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: quick
# timeout: 180
# daytime: dom0's time in RFC 3339, again and again; another guest gets it too; closed ports refuse.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
ask() { nc -w 5 "$ip" 13 </dev/null; }

sed 's/^name.*/name = "clock"/' $guests/daytime.cfg >clock.cfg
check "create" chaos create clock.cfg
ip=$(chaos info clock --json | jq -r '.vifs[0].ip')

before=$(date +%s)
answer=$(ask)
after=$(date +%s)
check_match "an RFC 3339 line" '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z' "$answer"
told=$(date -u -d "$(echo "$answer" | tr T ' ' | tr -d Z)" +%s)
check "not before, $told against $before" test "$told" -ge $((before - 2))
check "not after, $told against $after" test "$told" -le $((after + 2))
eventually 5 sh -c "chaos console clock --no-follow | grep -q 'daytime: listening on $ip:13'"

for i in $(seq 40); do # more than it has connections
    check_match "answer $i" '*Z' "$(ask)"
done
check_status "a closed port" 1 nc -w 5 -z "$ip" 14
check "ping" ping -c 3 -W 5 "$ip"

client() { # NAME COMMAND_LINE
    cat >"$1.cfg" <<C
name = "$1"
kernel = "$guests/tests/client"
memory = 2
cmdline = "$2"
vif = ['']
on_poweroff = "preserve"
C
    chaos create "$1.cfg" --no-wait >/dev/null || fail "create $1"
    eventually 20 sh -c "chaos info $1 --json | jq -e '.state == \"stopped\"'"
    chaos console "$1" --no-follow | tr -d '\r'
    chaos destroy "$1" --wait
}
check_match "guest to guest" 'client: received ????-??-??T??:??:??Z' "$(client inside "$ip:13")"
check_match "guest to closed port" 'client: no connection' "$(client closed "$ip:14")"

nc -l -p 7001 <<L &
hello from dom0
L
check_match "guest to host" 'client: received hello from dom0' "$(client host 10.77.0.1:7001)"
kill $! 2>/dev/null || true

check "destroy" chaos destroy clock --wait
