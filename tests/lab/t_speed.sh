# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount+xl
# tier: quick
# timeout: 300
# The speed that README and docs/benchmarks.md speak of, beside xl in the same boot. Under icount a
# microsecond is 1,000 instructions of the whole machine, so figures repeat within about 1 %.
. "$LAB_LIB"

bench=/usr/lib/chaos/bench/boot-latency

# p50 MODE PHASE GUESTS: also shows the line it reads.
p50() {
    line=$($bench --mode "$1" --guests "$3" --json | grep "\"phase\":\"$2\"") || fail "no figure for $1 $2"
    echo "$line" >&2
    echo "$line" | jq '.p50_us | floor'
}

# at_most WHAT LIMIT_US GOT_US
at_most() { check "$1: $3 us, at most $2" test "$3" -le "$2"; }

cold=$(p50 cold ready 20)
at_most "create to ready of noop, cold" 1300 "$cold"
at_most "first TCP answer of daytime" 5000 "$(p50 daytime answer 20)"

at_most "create to ready of noop, from a loaded shell" 205 "$(p50 loaded ready 20)"
at_most "create to ready of noop, from an empty shell" 350 "$(p50 shell ready 20)"

xl=$(p50 xl ready 5)
chaos=$(p50 chaos ready 20)
echo "ukvm_create() to ready is $((xl / cold)) times, chaos create $((xl / chaos)) times cheaper than xl create"
check "xl create took $xl us, chaos create $chaos" test "$xl" -gt "$chaos"
