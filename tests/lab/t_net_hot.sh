# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: full
# timeout: 300
# leaks: yes
# An interface comes to a guest that runs and was created without one, and goes again: it answers while it has it, its
# address is free afterwards, and either daemon may die meanwhile.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
answers() { nc -w 3 "$1" 13 </dev/null | grep -q Z; }
nets() { chaos net-list "$1" --json | jq -c 'map([.slot, .state, .ip])'; }
attach() { chaos net-attach --json "$@" | jq -r .ip; }
state() { chaos info "$1" --json | jq -r .state; }
killed() {
    until pid=$(pidof "$1") && kill -9 "$pid"; do sleep 0.1; done
    # Nobody starts another chaosd, but chaosd starts another chaos-iod at once.
    eventually 20 sh -c "[ ! -d /proc/$pid ]"
}

echo "-- attach"
check "create without an interface" chaos create -q $guests/daytime.cfg "name='late'" 'vif=[]'
check_eq "it has none" '[]' "$(nets late)"
check_match "it waits" '*waits for a network device*' "$(chaos logs late)"
ip=$(attach late)
check_match "an address" '10.77.*' "$ip"
check_eq "listed" "[[0,\"up\",\"$ip\"]]" "$(nets late)"
check_eq "shown" "$ip" "$(chaos info late --json | jq -r '.vifs[0].ip')"
for i in 1 2 3; do check "answer $i" answers "$ip"; done
check_match "in its table" '*"arena_pages": 4*' "$(chaos noxs late --json)"

echo "-- detach"
check "by its slot" chaos net-detach late 0
check_eq "it has none" '[]' "$(nets late)"
check_status "no answer" 1 answers "$ip"
check_eq "the address is free" "$ip" "$(attach late "ip=$ip,mac=00:16:3e:01:02:03")"
check "it answers again" answers "$ip"
check "by its MAC" chaos net-detach late 00:16:3e:01:02:03
check_status "a second time" 15 chaos net-detach late 0
check "another guest takes the address" chaos create -q $guests/daytime.cfg "name='other'" "vif=['ip=$ip']"
# Unlike one that comes to a running guest it is not announced.
ip neigh del "$ip" dev chaos0 || true
check "it answers" answers "$ip"
check_status "which is then not free" 9 chaos net-attach late "ip=$ip"
check_eq "nothing is left of that" '[]' "$(nets late)"
check "destroy" chaos destroy other --wait

echo "-- again and again: memory, channels and grants stay"
for i in $(seq 20); do
    check "attach $i" test "$(attach late "ip=$ip")" = "$ip"
    answers "$ip" || fail "no answer $i"
    check "detach $i" chaos net-detach late 0
done
memory=$(chaos version --json | jq .chaosd.free_bytes)
for i in $(seq 20); do
    check "attach $i" test "$(attach late "ip=$ip")" = "$ip"
    check "detach $i" chaos net-detach late 0
done
check_eq "memory" "$memory" "$(chaos version --json | jq .chaosd.free_bytes)"
check_eq "files of chaos-iod" "$(ls /proc/"$(pidof chaos-iod)"/fd | wc -l)" "$(attach late >/dev/null; chaos net-detach late 0; ls /proc/"$(pidof chaos-iod)"/fd | wc -l)"

echo "-- a published port, a second interface, a bridge"
check "published" attach late "ip=$ip,publish=8013:13"
check_match "listed" '*8013:13/tcp*' "$(chaos net-list late)"
check "the rule is there" sh -c 'nft list ruleset | grep -q 8013'
check "a bridge" ip link add br9 type bridge
check "a second one" chaos net-attach late bridge=br9
check_eq "both" "[[0,\"up\",\"$ip\"],[1,\"up\",null]]" "$(nets late)"
check "its TAP" test -e "/sys/class/net/br9/brif/vif$(chaos info late --json | jq .domid).1"
check_status "a third" 17 chaos net-attach late
check "the first goes on" answers "$ip"
check "detach" chaos net-detach late 1
check "the TAP is gone" sh -c '[ -z "$(ls /sys/class/net/br9/brif)" ]'
ip link del br9

echo "-- chaos-iod dies"
killed chaos-iod
eventually 20 answers "$ip"
check "detach" chaos net-detach late 0
check "no rule" sh -c '! nft list ruleset | grep -q 8013'
check_eq "attach" "$ip" "$(attach late "ip=$ip")"
check "it answers" answers "$ip"

echo "-- chaosd dies"
killed chaosd
check "the guest answers" answers "$ip"
chaosd -d
check_eq "known" "[[0,\"up\",\"$ip\"]]" "$(nets late)"
check "it answers" answers "$ip"
killed chaos-iod
eventually 20 answers "$ip"
killed chaosd
killed chaos-iod
chaosd -d
eventually 20 answers "$ip"
check "detach" chaos net-detach late 0
check_eq "attach" "$ip" "$(attach late "ip=$ip")"
check "it answers" answers "$ip"

echo "-- killed in the middle"
for pause in 0.05 0.1 0.2 0.4; do
    for who in chaosd chaos-iod; do
        (while :; do
            chaos net-detach late 0 || true
            chaos net-attach late "ip=$ip" || true
            [ ! -e stop ] || break
        done) >/dev/null 2>&1 &
        sleep $pause
        killed $who
        [ $who = chaos-iod ] || chaosd -d
        sleep $pause
        touch stop
        wait $! || true
        rm stop
        check_eq "the guest lives" running "$(state late)"
        eventually 10 sh -c '! chaos net-list late | grep -q taching'
        chaos net-detach late 0 >/dev/null 2>&1 || true
        check_eq "after $who died: attach" "$ip" "$(attach late "ip=$ip")"
        eventually 10 answers "$ip"
    done
done

echo "-- an interface that the guest was created with"
check "create" chaos create -q $guests/daytime.cfg "name='cold'"
cold=$(chaos info cold --json | jq -r '.vifs[0].ip')
check "it answers" answers "$cold"
check "detach" chaos net-detach cold 0
check_status "no answer" 1 answers "$cold"
check_eq "attach" "$cold" "$(attach cold "ip=$cold")"
check "it answers" answers "$cold"
check "a second one" chaos net-attach cold
check_eq "both" '[0,1]' "$(chaos net-list cold --json | jq -c 'map(.slot)')"
killed chaosd
chaosd -d
check "it answers" answers "$cold"

echo "-- guests that do not take part"
for mode in refuse agree unsupported spin; do
    liar "$mode" "$mode"
    check "create" chaos create -q "$mode.cfg"
    eventually 10 sh -c "chaos logs $mode | grep -q 'liar: $mode'"
    case $mode in
    spin) want=14 ;;
    unsupported) want=19 ;;
    *) want=15 ;;
    esac
    check_status "$mode: attach" $want chaos net-attach "$mode" "ip=10.77.9.9" --timeout 1
    check_eq "$mode: nothing is left" '[]' "$(nets "$mode")"
    check "$mode: the address is free" test "$(attach late "ip=10.77.9.9")" = 10.77.9.9
    chaos net-detach late 1
done
liar kept spin "vif = ['ip=10.77.9.8']"
check "create" chaos create -q kept.cfg
eventually 10 sh -c "chaos logs kept | grep -q 'liar: spin'"
check_match "detach is forced" '*taken from the guest: it did not answer in time*' "$(chaos net-detach kept 0 --timeout 1 2>&1)"
check "the address is free" test "$(attach late "ip=10.77.9.8")" = 10.77.9.8
check "the neighbour answers" answers "$ip"
check "paused" chaos pause late
check_status "a paused guest" 15 chaos net-detach late 1
chaos unpause late

check "destroy" chaos destroy late cold refuse agree unsupported spin kept --wait
check_eq "no rule" "" "$(nft list ruleset | grep ': 10.77' || true)"
