# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: quick
# timeout: 400
# copy: tests/answer_cost:/lab/answer_cost
# What a neighbour's answer costs while a hostile guest does its worst: at most 1.2 times as many instructions, of dom0
# and of the neighbour together. Instructions of the hostile guest itself are its own: it has its share of the CPU.
. "$LAB_LIB"

trap 'chaos destroy odd --wait >/dev/null 2>&1 || true; chaos destroy neighbour --wait >/dev/null 2>&1 || true' EXIT
sed 's/^name.*/name = "neighbour"/' /usr/share/chaos/guests/daytime.cfg >neighbour.cfg
check "neighbour" chaos create neighbour.cfg -q
ip=$(chaos info neighbour --json | jq -r '.vifs[0].ip')
domid=$(chaos info neighbour --json | jq -r '.domid')

# cost COUNT: instructions for one answer.
cost() {
    answer=$(/lab/answer_cost "$ip" 13 "$1" "$domid") || fail "the neighbour does not answer"
    echo "$answer" | awk '{ print $1 + $2 }'
}

usual=$(cost 50)
echo "usual: $usual"

odd() { # COMMAND_LINE
    liar odd "$1" "vif = ['']" 'on_crash = "preserve"'
    check "create $1" chaos create odd.cfg --no-wait -q
    eventually 10 sh -c 'chaos console odd --no-follow | grep -q liar:'
}

for mode in flood flood-console storm-io storm-doorbell spin; do
    odd "$mode"
    loaded=$(cost 30)
    echo "$mode: $loaded"
    check "$mode: $loaded instead of $usual instructions" test $((loaded * 10)) -le $((usual * 12))
    case $mode in
    storm-*)
        eventually 20 sh -c 'chaos info odd --json | jq -e ".state == \"crashed\""'
        check_eq "$mode" 'event storm on the I/O channel' "$(chaos info odd --json | jq -r .reason)" ;;
    *) check_eq "$mode" running "$(chaos info odd --json | jq -r .state)" ;;
    esac
    check "$mode: destroy" chaos destroy odd --wait
done
