# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 400
# leaks: yes
# chaosd is killed with guests running and shells ready: the next one has them all, nobody notices, nothing is lost.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
trap 'cat /tmp/test/log 2>/dev/null || true; chaos version >/dev/null 2>&1 || chaosd -d' EXIT

gone() { [ -z "$(pidof "$1")" ]; }
ip_of() { chaos info "$1" --json | jq -r '.vifs[0].ip'; }
answers() { nc -w 3 "$1" 13 </dev/null | grep -q Z; }
ready() { chaos pool --json | jq '[.flavours[].ready] | add // 0'; }
holds() { [ "$(ready)" = "$1" ]; }
free_bytes() { chaos version --json | jq .chaosd.free_bytes; }
# What users and Xen see of all guests.
facts() { chaos list --json | jq -Sc 'sort_by(.name) | map({name, domid, uuid, state, reason, memory_bytes, kernel, vifs})'; }
channels() { lsevtchn 0 | wc -l; }
killed() {
    # busybox's pidof does not always survive processes that come and go meanwhile.
    until pid=$(pidof chaosd) && kill -9 "$pid"; do sleep 0.1; done
    eventually 20 gone chaosd
}

printf '%s\n' "pool = learn=0 budget=128" "pool = memory=2 nics=1 target=4 image=$guests/daytime" >adopt.conf
restart() { chaosd -d --config "$PWD/adopt.conf" 2>>/tmp/test/log || fail "chaosd does not start"; }

echo "-- guests of every kind"
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
restart
eventually 30 holds 4
before_channels=$(channels) before_free=$(free_bytes)
check "published" chaos create -q $guests/daytime.cfg "name='web'" -p 8080:13
check "from a shell" chaos create -q $guests/daytime.cfg "name='shell'"
check "cold" chaos create -q $guests/daytime.cfg "name='cold'" --cold
check "paused" chaos create -q $guests/daytime.cfg "name='paused'"
check "pause" chaos pause paused
eventually 30 holds 4
web=$(ip_of web) shell=$(ip_of shell)
check "they answer" answers "$web"
before=$(facts)
rules=$(nft -s list ruleset)
full=$(channels)
iod=$(pidof chaos-iod)

echo "-- killed"
killed
check "no chaosd, and a guest answers" answers "$web"
check "another, too" answers "$shell"
restart
check_eq "the same guests" "$before" "$(facts)"
check_eq "the same chaos-iod" "$iod" "$(pidof chaos-iod)"
check_eq "the same rules" "$rules" "$(nft -s list ruleset)"
check_eq "all shells" 4 "$(ready)"
check_eq "as many channels" "$full" "$(channels)"
check "a guest answers" answers "$web"
check "the host's end of the network" nc -z -w 3 "$web" 13
check "what was paused goes on" chaos unpause paused
check "and answers" answers "$(ip_of paused)"
check_match "a console" '*daytime*' "$(timeout 5 chaos console --no-follow web </dev/null 2>&1 || true)"
check_eq "a shell of the former chaosd" loaded "$(chaos create --json --timing $guests/daytime.cfg "name='new'" | jq -r .path)"
check "it answers" answers "$(ip_of new)"
check_eq "no instruction of a shell has run" 0 "$(chaos pool --json | jq '[.flavours[].cpu_ns] | add')"
check "shutdown reaches a guest" chaos shutdown new --timeout 20

echo "-- again and again, with both of them dead at times"
for round in 1 2 3; do
    killed
    [ $round != 2 ] || kill -9 "$(pidof chaos-iod)"
    restart
    check_eq "round $round: names" '["cold","paused","shell","web"]' "$(chaos list --json | jq -c 'map(.name) | sort')"
    check_eq "round $round: states" '["running"]' "$(chaos list --json | jq -c 'map(.state) | unique')"
    eventually 20 answers "$web"
    eventually 20 answers "$shell"
done
eventually 30 holds 4
kill -9 "$(pidof chaos-iod)"
eventually 20 answers "$web"
check_eq "an adopted chaos-iod dies: they run" '["running"]' "$(chaos list --json | jq -c 'map(.state) | unique')"

echo "-- killed in the middle of creates, builds and destroys"
for pause in 0.1 0.3 0.9; do
    (
        for i in 1 2 3 4 5 6; do
            chaos create -q $guests/daytime.cfg "name='mid-$i'" --no-wait || true
            chaos create -q $guests/daytime.cfg "name='gone-$i'" --cold || true
            chaos destroy "gone-$i" || true
        done
    ) >/dev/null 2>&1 &
    sleep $pause
    killed
    wait $! || true
    restart
    for name in $(chaos list --json | jq -r '.[].name | select(startswith("mid-") or startswith("gone-"))'); do
        eventually 20 sh -c "chaos info $name --json | jq -e '.state == \"running\"'"
        check "$name is whole" answers "$(ip_of "$name")"
        check "destroy" chaos destroy "$name" --wait
    done
    check "$pause: web answers" answers "$web"
done

echo "-- an orderly end leaves them, too"
kill "$(pidof chaosd)"
eventually 20 gone chaosd
check "a guest answers" answers "$web"
check "the rules stay" sh -c 'nft list ruleset | grep -q 8080'
restart
check_eq "names" '["cold","paused","shell","web"]' "$(chaos list --json | jq -c 'map(.name) | sort')"

echo "-- nothing is lost"
chaos destroy web shell cold paused --wait || fail "destroy"
eventually 30 holds 4
leaked() { [ "$(channels)" != "$before_channels" ] || [ $((before_free - $(free_bytes))) -gt 262144 ]; }
tries=0
while leaked; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || fail "leak: channels $before_channels, now $(channels); free $before_free, now $(free_bytes)"
    sleep 0.2
done
check_eq "no rule" "" "$(nft list ruleset | grep ": 10.77" || true)"
check_eq "no record but those of shells" loaded "$(chaos create --json --timing $guests/daytime.cfg "name='last'" | jq -r .path)"
chaos destroy last --wait

kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
check_eq "SIGINT leaves no rule" "" "$(nft list ruleset)"
check "as before" chaosd -d
