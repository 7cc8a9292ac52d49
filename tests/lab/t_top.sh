# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# chaos top: a guest that spins comes first by CPU, one that is asked comes first by what it received.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
top() { chaos top --json --delay 0.5 "$@" | jq -r "$filter"; }

check "a guest at rest" chaos create $guests/daytime.cfg name=\'rest\' -q
check "one that is asked" chaos create $guests/daytime.cfg name=\'asked\' -q
liar spins spin 'memory = 4' "vif = ['']"
check "one that spins" chaos create spins.cfg -q
eventually 20 sh -c 'chaos console --no-follow spins | grep -q liar:'

filter='.guests[0] | .name'
check_eq "by CPU" spins "$(top)"
check_eq "by memory" spins "$(top --sort memory)"
filter='.guests[0] | .cpu_percent > 1'
check_eq "it takes what it gets" true "$(top)"

ip=$(chaos info asked --json | jq -r '.vifs[0].ip')
while nc -w 3 "$ip" 13 </dev/null; do :; done >/dev/null &
asker=$!
filter='[.guests[0] | .name, .rx_bytes_per_s > 0, .tx_bytes_per_s > 0] | @csv'
check_eq "by what is received" '"asked",true,true' "$(top --sort rx)"
check_eq "by what is sent" '"asked",true,true' "$(top --sort tx)"
kill $asker
wait $asker || true

check_match "as a table" '3 guests, *by name
NAME * TX/S
asked * running * 2.0M *
rest * running *
spins * running * 4.0M *' "$(chaos top -b -d 0.2 -s name)"
check_eq "more than one sample" 3 "$(chaos top -b -n 3 -d 0.2 | grep -c '^NAME')"

# Counters are kept by chaos-iod: another one begins at 0, and top goes on.
killall chaos-iod
filter='.guests | length'
check_eq "without chaos-iod" 3 "$(top)"
check "destroy" chaos destroy --wait rest asked spins
