# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: quick
# timeout: 240
# copy: tests/death_time:/lab/death_time
# Without xenstored chaosd has Xen's event: crashes and clean exits are noticed within 5 ms of virtual time.
. "$LAB_LIB"

check_match "the event is ours" '*Xen tells chaosd when domains end*' "$(tr '\n' ' ' </run/lab/chaosd.log)"

guests=/usr/share/chaos/guests
names() { for i in 1 2 3 4 5 6 7 8; do echo "$1-$i"; done; }
create() { # NAME COUNT
    chaos create $guests/noop.cfg --count "$2" name=\'"$1"\' memory=1 -q || fail "create $1"
}

# Others, so that there is something to look at.
create crowd 60

create crash 8
# shellcheck disable=SC2046 # words
us=$(/lab/death_time crash $(names crash)) || fail "crash"
echo "a crash is noticed within $us us"
check "within 5 ms, not $us us" test "$us" -le 5000
# shellcheck disable=SC2046 # words
check "destroy" chaos destroy --wait $(names crash)

create exit 8
# shellcheck disable=SC2046 # words
us=$(/lab/death_time exit $(names exit)) || fail "exit"
echo "a clean exit is answered within $us us"
check "within 5 ms, not $us us" test "$us" -le 5000

# A guest that crashes by itself, with nobody asking for it.
liar sick invalid 'memory = 1'
check "create" chaos create sick.cfg -q
eventually 10 sh -c 'chaos info sick --json | jq -e ".state == \"crashed\""'
chaos destroy sick --wait

i=0
while [ $i -lt 60 ]; do i=$((i + 1)); echo "crowd-$i"; done | xargs chaos destroy --wait
