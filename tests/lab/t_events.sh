# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 400
# leaks: yes
# What happens to guests is told in order and with its cause, across kills of chaosd: nothing is missing, nothing doubled. And wait.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
trap 'chaos version >/dev/null 2>&1 || chaosd -d' EXIT

gone() { [ -z "$(pidof "$1")" ]; }
killed() {
    until pid=$(pidof chaosd) && kill -9 "$pid"; do sleep 0.1; done
    eventually 20 gone chaosd
}
# Tests before this one had guests of these names.
start=$(chaos events --json | jq -s '.[-1].id // 1')
# story NAME: its states and their causes.
story() { chaos events --since "$start" --json | jq -r "select(.guest == \"$1\") | \"\(.from // \"-\") -> \(.to): \(.cause)\""; }
last_id() { chaos events --json | jq -s 'last.id'; }
created="- -> creating: created by uid 0
creating -> booting: started
booting -> running: ready"

echo "-- a life"
check "create" chaos create -q $guests/daytime.cfg "name='web'"
check "pause" chaos pause web
check "unpause" chaos unpause web
check "shutdown" chaos shutdown web --timeout 30
check_eq "its story" "$created
running -> paused: paused by uid 0
paused -> running: unpaused by uid 0
running -> shutting-down: asked to power off by uid 0
shutting-down -> stopped: powered off
stopped -> gone: powered off" "$(story web)"
check "create" chaos create -q $guests/daytime.cfg "name='doomed'"
check "destroy" chaos destroy doomed --wait
check_eq "its story" "$created
running -> gone: destroyed by uid 0" "$(story doomed)"
liar null null on_crash=\'destroy\'
chaos create -q --no-wait null.cfg
check "a crash is waited for" chaos wait null --for crashed --timeout 60
check_match "its story" "- -> creating: created by uid 0
creating -> booting: started*-> crashed: crashed; its console may say why" "$(story null)"
liar three exit=3 on_poweroff=\'destroy\'
chaos create -q --no-wait three.cfg
check "an end is waited for" chaos wait three --for gone --timeout 60
check_match "its story" "*stopped: exited with code 3
stopped -> gone: exited with code 3" "$(story three)"
check "text" sh -c "chaos events | grep -q 'doomed  running -> gone  destroyed by uid 0'"
check_eq "times ascend" true "$(chaos events --json | jq -s 'map(.monotonic_ns) | . == sort')"
now=$(date +%s)
check_eq "and are the clock's" true "$(chaos events --json | jq -s "last.time_ns / 1e9 | . > $now - 300 and . < $now + 5")"

echo "-- wait"
check_status "unknown guest" 10 chaos wait nobody --for gone
check_status "unknown state" 2 chaos wait nobody --for nothing
check_status "no state" 2 chaos wait nobody
check "gone before it was asked for" chaos wait web --for gone
check "crashed before" chaos wait null --for stopped
check_status "crashed, and waited for to be ready" 16 chaos wait null --for ready
chaos create -q --no-wait $guests/daytime.cfg "name='slow'"
check "ready" chaos wait slow --for ready --timeout 60
check_eq "is ready" running "$(chaos info slow --json | jq -r .state)"
check "ready already" chaos wait slow --for ready
check_status "not in time" 14 chaos wait slow --for paused --timeout 0.2
chaos wait slow --for paused --timeout 60 >/dev/null &
paused=$!
chaos wait slow --for stopped --timeout 60 >/dev/null &
stopped=$!
chaos wait slow --for crashed --timeout 60 2>/dev/null &
crashed=$!
sleep 1
chaos pause slow
check "paused" wait $paused
chaos destroy slow
check "stopped" wait $stopped
check_status "not crashed" 16 wait $crashed
chaos destroy null

echo "-- killed while somebody follows"
chaos create -q $guests/daytime.cfg "name='a'"
chaos create -q $guests/daytime.cfg "name='b'"
first=$(chaos events --json | jq -s 'first.id')
chaos events -f --json >part.0 2>end.0 &
follower=$!
eventually 20 grep -q '"guest":"b".*"to":"running"' part.0
chaos pause a
eventually 20 grep -q '"guest":"a".*"to":"paused"' part.0
killed
check_status "its end is told" 12 wait $follower
cursor=$(tail -n 1 part.0 | jq .id)
check "and where to go on" grep -q -- "--since $cursor" end.0
chaosd -d
chaos unpause a
chaos events -f --json --since "$cursor" >part.1 2>/dev/null &
follower=$!
for round in 2 3 4; do
    chaos pause b
    (
        for i in 1 2 3 4; do
            chaos create -q $guests/noop.cfg "name='n$round$i'" || true
            chaos destroy "n$round$i" || true
        done
    ) >/dev/null 2>&1 &
    work=$!
    sleep 0.$((round * 2))
    killed
    wait $follower || true
    wait $work || true
    cursor=$(cat part.? | tail -n 1 | jq .id)
    chaosd -d
    chaos unpause b
    chaos events -f --json --since "$cursor" >part.$round 2>/dev/null &
    follower=$!
done
chaos destroy a b
eventually 20 grep -q '"guest":"b".*"to":"gone"' part.4
kill $follower
wait $follower || true
cat part.? >parts
check_eq "nothing is missing or doubled" "$(jq -nc "[range($first; $(last_id) + 1)]")" "$(jq -sc 'map(.id)' parts)"
check_eq "the history says the same" "$(chaos events --json | jq -c '[.id, .guest, .to, .cause]')" "$(jq -c '[.id, .guest, .to, .cause]' parts)"
check_eq "each guest's states are a chain" '[]' "$(chaos events --json |
    jq -sc 'group_by(.uuid) | map(. as $e | range(1; length) | select($e[.].from != $e[. - 1].to) | $e[.])')"
check_eq "each begins with its creation" '["creating"]' "$(chaos events --json | jq -sc 'group_by(.uuid) | map(.[0].to) | unique')"
check_eq "who is there is told to be as it is" "$(chaos list --json | jq -c 'map([.name, .state]) | sort')" \
    "$(chaos events --json | jq -sc 'group_by(.uuid) | map(last | select(.to != "gone") | [.guest, .to]) | sort')"

echo "-- one that does not read"
chaos events -f --json >slow.out 2>/dev/null &
slow=$!
eventually 20 test -s slow.out
before=$(last_id)
kill -STOP $slow
for i in $(seq 1 25); do
    check "a create while it sleeps" chaos create -q $guests/noop.cfg "name='s'"
    check "and a destroy" chaos destroy s
done
kill -CONT $slow
last=$(last_id)
eventually 20 grep -q "\"id\":$last" slow.out
kill $slow
wait $slow || true
check_eq "it gets them all" "$(jq -nc "[range($before + 1; $last + 1)]")" "$(jq -sc "map(.id | select(. > $before))" slow.out)"

echo "-- a file system that is full"
mkdir -p small
mount -t tmpfs -o size=1m none small
full=0
timeout 30 chaosd --socket "$PWD/small/chaosd.sock" 2>full.err || full=$?
umount small
check_eq "it does not start, and says why" 1 $full
check_match "by name" '*events: No space left on device*' "$(cat full.err)"
check "and the other goes on" chaos list

echo "-- a file that is damaged"
for name in $(chaos list --json | jq -r '.[].name'); do chaos destroy "$name"; done
check "a guest" chaos create -q $guests/daytime.cfg "name='still'"
killed
dd if=/dev/urandom of=/run/chaos/events bs=64 count=1 conv=notrunc 2>/dev/null
chaosd -d
check_eq "the guest is there" running "$(chaos info still --json | jq -r .state)"
check_match "a cursor of what was is told so" '{*"kind":"lost","lost":null}*' "$(chaos events --json --since "$last" | head -n 1)"
check "destroy" chaos destroy still --wait
check_eq "events go on" "running -> gone: destroyed by uid 0" "$(story still)"
