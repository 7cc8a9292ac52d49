# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount+xl
# tier: quick
# timeout: 300
# copy: tests/lab/speed_ratios:/lab/tests/speed_ratios
# The speed that README and docs/benchmarks.md speak of, beside a process and xl in the same boot. Under
# icount a microsecond is 1,000 instructions of the whole machine, so figures repeat within about 1 %.
. "$LAB_LIB"

bench=/usr/lib/chaos/bench/boot-latency
ratios=/lab/tests/speed_ratios

# p50 MODE PHASE GUESTS [OPTION...]: also shows the line it reads.
p50() {
    mode=$1 phase=$2 guests=$3
    shift 3
    line=$($bench --mode "$mode" --guests "$guests" --memory 2 --counted 0 --json "$@" | grep "\"phase\":\"$phase\"") ||
        fail "no figure for $mode $phase"
    echo "$line" >&2
    echo "$line" | jq '.p50_us | floor'
}

# at_most WHAT LIMIT_US GOT_US
at_most() { check "$1: $3 us, at most $2" test "$3" -le "$2"; }

# gate MODE US: whether it is within 10 % of its ratio to exec.
gate() {
    ratio=$(sed -n "s/^$1 //p" "$ratios")
    check "a ratio for $1" test -n "$ratio"
    echo "$1 is $(jq -n "$2 / $exec * 1000 | round / 1000") of exec, and may be $ratio and 10 %"
    jq -ne "$2 / $exec <= $ratio * 1.1" >/dev/null
}

exec=$(p50 exec exit 100)
loaded=$(p50 loaded ready 40)
cold=$(p50 cold ready 40)
check "the speed of a create from a loaded shell" gate loaded "$loaded"
check "the speed of a cold create" gate cold "$cold"
spun=$(p50 loaded ready 40 --spin 50)
check "a figure with 50 us more" test "$spun" -ge $((loaded + 40))
if gate loaded "$spun"; then fail "50 us more are not noticed"; fi

at_most "create to ready of noop, from an empty shell" 350 "$(p50 shell ready 20)"
at_most "first TCP answer of daytime" 1500 "$(p50 daytime answer 20)"

xl=$(p50 xl ready 5)
chaos=$(p50 chaos ready 20)
echo "ukvm_create() to ready is $((xl / loaded)) times, cold $((xl / cold)) times, chaos create $((xl / chaos)) times cheaper than xl create"
check "ukvm_create() is 150 times cheaper than xl create" test $((xl / loaded)) -ge 150
check "chaos create is 15 times cheaper than xl create" test $((xl / chaos)) -ge 15
