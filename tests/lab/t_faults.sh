# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 900
# 200 clients at once, with memory for all and for some; a pool that would exceed its budget; a host whose memory ends
# while the pool is refilled; an image replaced on disk. All get a guest or one line that says why not, nothing is left,
# and afterwards a create from a loaded shell takes as many instructions as before. (chaosd killed: adopt_many.)
. "$LAB_LIB"

guests=/usr/share/chaos/guests
clients=200
free_kib() { echo $(($(chaos version --json | jq .chaosd.free_bytes) / 1024)); }
count() { chaos list --json | jq length; }
of_flavour() { chaos pool --json | jq -r ".flavours[0].$1"; }
holds() { [ "$(of_flavour ready)" = "$1" ]; }
notes() { of_flavour note | grep -q "$1"; }
more_than() { [ "$(of_flavour ready)" -gt "$1" ]; }
# path ARG...: by which path a guest was created.
path() { chaos create --json --timing $guests/noop.cfg "$@" | jq -r .path; }
answers() { check_match "daytime of $1" '20*Z' "$(nc -w 3 "$(chaos info "$1" --json | jq -r '.vifs[0].ip')" 13 </dev/null)"; }

# keep TARGET FLAVOUR...: sets the one flavour of the pool.
keep() {
    target=$1
    shift
    flavour=$*
    check "pool" chaos pool set "$@" "target=$target"
}

# empty: no guest and no shell.
empty() {
    chaos list --json | jq -r '.[].name' | xargs -r chaos destroy --wait
    # shellcheck disable=SC2086 # words are meant
    check "pool" chaos pool set $flavour target=0
    check_eq "shells" 0 "$(chaos pool --json | jq .held_bytes)"
    sleep 1
}

# all_at_once MEMORY: as many processes as clients, each of which wants a guest. made: how many got one.
all_at_once() {
    pids='' made=0 n=0
    while [ $n -lt $clients ]; do
        n=$((n + 1))
        chaos create -q $guests/noop.cfg "name='c-$n'" "memory=$1" 2>err-$n &
        pids="$pids $!"
    done
    n=0
    for pid in $pids; do
        n=$((n + 1)) status=0
        wait "$pid" || status=$?
        case $status in
        0) made=$((made + 1)) ;;
        7)
            check_match "client $n" "*c-$n: needs * MiB * are free*" "$(cat err-$n)"
            check_eq "client $n: lines" 1 "$(wc -l <err-$n)" ;;
        *) fail "client $n: status $status: $(cat err-$n)" ;;
        esac
    done
    check_eq "those that were created run" "$made" "$(chaos list --json | jq '[.[] | select(.state == "running")] | length')"
}

# as_before WHAT
as_before() {
    empty
    check_eq "Xen's free memory in KiB after $1" "$free" "$(free_kib)"
    after=$(loaded_us)
    echo "after $1: $after us, before $before us"
    [ "$after" -le $((before * 105 / 100)) ] || fail "creates are slower after $1: $after us, $before us before"
}

# all_are_served: all at once, some from shells, and the shells are built anew.
all_are_served() {
    keep 16 memory=2 nics=0 image=$guests/noop
    eventually 60 holds 16
    all_at_once 2
    check_eq "there is memory for all" $clients "$made"
    eventually 60 holds 16
}

# The first time takes what Xen and dom0 keep for good, such as pages for the event channels of so many.
before=$(loaded_us)
all_are_served
empty
free=$(free_kib)

all_are_served
as_before "200 clients"

keep 2 memory=16 nics=0
eventually 60 holds 2
all_at_once 16
echo "$made of $clients guests of 16 MiB"
check "there is not" test "$made" -ge 20 -a "$made" -lt $clients
as_before "200 clients without memory for all"

chaos pool set budget=9
keep 100 memory=2 nics=0 image=$guests/noop
eventually 60 notes "budget is used up"
held=$(chaos pool --json | jq .held_bytes)
check "the pool holds $held bytes" test "$held" -gt 0 -a "$held" -le $((9 << 20))
check_eq "a guest" loaded "$(path "name='a'")"
chaos pool set budget=4000
as_before "a pool beyond its budget"

keep 500 memory=8 nics=0
eventually 60 more_than 5
check_status "the host is full" 7 chaos create -q -n 100 $guests/noop.cfg "name='big'" memory=100 2>err
check_match "it says what is missing" "*big-*: needs * MiB * are free*" "$(cat err)"
check "guests take the place of shells" test "$(count)" -ge 5
eventually 60 notes "short of memory"
check "a small one still has room" chaos create -q $guests/noop.cfg "name='small'"
as_before "a refill without memory"

cp $guests/noop image
keep 4 memory=2 nics=1 "image=$PWD/image"
eventually 60 holds 4
cp $guests/daytime new
mv new image
check_match "old shells serve no new file" 'cold:*' "$(path "name='cold'" "kernel='$PWD/image'" "vif=['']")"
answers cold
built_anew() { [ "$(of_flavour built)" -ge 8 ] && holds 4; }
eventually 60 built_anew
check_eq "new ones do" loaded "$(path "name='loaded'" "kernel='$PWD/image'" "vif=['']")"
answers loaded
as_before "an image that was replaced"
chaos pool set budget=64
