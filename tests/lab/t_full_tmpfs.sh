# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: full
# timeout: 400
# leaks: yes
# The file system of the store is full: who asks for what would have to be recorded is told so in one line, nothing is left
# of it, and guests that run do not notice. With room again all is as before.
. "$LAB_LIB"

noop=/usr/share/chaos/guests/noop.cfg
small=/run/small
finish() {
    tail -n 20 log 2>/dev/null || true
    rm -f $small/filler
    pidof chaosd | xargs -r kill -INT
    sleep 2
    umount $small 2>/dev/null || umount -l $small
    unset CHAOS_SOCKET
    chaosd -d
}
gone() { [ -z "$(pidof "$1")" ]; }
serve() {
    chaosd --socket $small/c.sock >>log 2>&1 &
    eventually 40 chaos version
}
count() { chaos list --json | jq length; }
free_kib() { echo $(($(chaos version --json | jq .chaosd.free_bytes) / 1024)); }

kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
mkdir -p $small
mount -t tmpfs -o size=6m tmpfs $small
trap finish EXIT
export CHAOS_SOCKET=$small/c.sock
serve
check "pool" chaos pool set learn=0

check "guests" chaos create -q -n 200 $noop "name='a'" memory=1
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait

dd if=/dev/zero of=$small/filler bs=4096 2>/dev/null && fail "the file system is not full"
# The store has pages in hand for so many.
got=0
chaos create -q -n 1000 $noop "name='b'" memory=1 2>err || got=$?
made=$(count)
echo "$made guests, then status $got: $(cat err)"
check "some were made" test "$made" -ge 20 -a "$made" -lt 1000
check_match "it says why" '*o space left on device*' "$(cat err)"
check_eq "in one line" 1 "$(wc -l <err)"
check_eq "and has the code of it" 1 "$([ $got = 1 ] || [ $got = 7 ] && echo 1)"
check_status "the next gets the same answer" $got chaos create -q $noop "name='c'" memory=1 2>err
check_match "it says why" '*o space left on device*' "$(cat err)"
check_eq "nothing is left of those" "$made" "$(count)"

# Those that run do not notice, and who would change one is told the same.
check_eq "all run" "$made" "$(chaos list --json | jq '[.[] | select(.state == "running")] | length')"
check_status "pause" 1 chaos pause b-1 2>err
check_match "it says why" '*o space left on device*' "$(cat err)"
check_eq "it runs on" running "$(chaos info b-1 --json | jq -r .state)"

rm $small/filler
check "there is room again" chaos create -q $noop "name='d'" memory=1
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait
# The first of so many leave what Xen keeps for good: as many again leave nothing.
free=$(free_kib)
check "as many again" chaos create -q -n "$made" $noop "name='e'" memory=1
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait
same() { [ "$(free_kib)" = "$free" ]; }
eventually 20 same
