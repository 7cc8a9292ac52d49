# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount+xl
# tier: full
# timeout: 240
# leaks: yes
# copy: tests/death_time:/lab/death_time
# Beside xenstored, which has Xen's event, a crash is noticed within 100 ms and a clean exit within 5.
. "$LAB_LIB"

check_match "the event is xenstored's" '*is not taken (xenstored runs)*' "$(tr '\n' ' ' </run/lab/chaosd.log)"

guests=/usr/share/chaos/guests
check "create" chaos create $guests/noop.cfg --count 4 name=\'crash\' memory=1 -q
us=$(/lab/death_time crash crash-1 crash-2 crash-3 crash-4) || fail "crash"
echo "a crash is noticed within $us us"
check "within a period, not $us us" test "$us" -le 103000
check "destroy" chaos destroy --wait crash-1 crash-2 crash-3 crash-4

check "create" chaos create $guests/noop.cfg --count 4 name=\'exit\' memory=1 -q
us=$(/lab/death_time exit exit-1 exit-2 exit-3 exit-4) || fail "exit"
echo "a clean exit is answered within $us us"
check "within 5 ms, not $us us" test "$us" -le 5000

# To take the event all the same is refused, with the reason.
echo 'virq = take' >take.conf
killall chaosd
eventually 10 sh -c '! pidof chaosd'
check_status "take is refused" 3 chaosd -d --config take.conf 2>err
check "chaosd again" chaosd -d 2>/run/lab/chaosd.log
check_match "its words" '*virq = take: another program has*as xenstored does*' "$(cat err)"
check_match "xl works" '*Domain-0 *' "$(xl list)"
