# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 900
# leaks: yes
# chaosd is killed with 500 shells ready and guests running: all are adopted, and the next create is as fast as before.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
shells=500
gone() { [ -z "$(pidof "$1")" ]; }
holds() { [ "$(chaos pool --json | jq '.flavours[0].ready')" = $shells ]; }
now_us() { awk '{ printf "%d", $1 * 1000000 }' /proc/uptime; }

printf '%s\n' "pool = learn=2 budget=900 rate=1000" "pool = memory=1 nics=1 target=$shells low=$shells image=$guests/daytime" >many.conf
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
chaosd -d --config "$PWD/many.conf" 2>>log
eventually 600 holds
for i in 1 2 3 4 5 6 7 8; do check "create" chaos create -q $guests/noop.cfg "name='guest-$i'" --cold; done
eventually 60 holds
before=$(loaded_us)
channels=$(lsevtchn 0 | wc -l)
names=$(chaos list --json | jq -c 'map([.name, .domid, .state])')

kill -9 "$(pidof chaosd)"
eventually 20 gone chaosd
start=$(now_us)
chaosd -d --config "$PWD/many.conf" 2>>log
echo "restart with $shells shells and 8 guests: $(($(now_us) - start)) us"
check_eq "the same guests" "$names" "$(chaos list --json | jq -c 'map([.name, .domid, .state])')"
check_eq "all shells" $shells "$(chaos pool --json | jq '.flavours[0].ready')"
eventually 60 sh -c "[ \$(lsevtchn 0 | wc -l) -le $channels ]"
after=$(loaded_us)
echo "loaded before $before us, after $after us"
[ "$after" -le $((before * 105 / 100)) ] || fail "creates are slower: $before us before, $after us after"

kill -INT "$(pidof chaosd)"
eventually 120 gone chaosd
eventually 20 gone chaos-iod
check "as before" chaosd -d
