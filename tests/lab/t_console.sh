# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 300
# The console: what was printed is kept, what comes is followed, by several at once, one of whom writes, to the guest's last
# word; and one that does not read costs nobody anything.
. "$LAB_LIB"

trap 'chaos destroy talks --wait >/dev/null 2>&1 || true' EXIT
talks() { # COMMAND_LINE
    liar talks "$1" "vif = ['']" 'on_crash = "preserve"' 'on_poweroff = "preserve"'
    check "create" chaos create talks.cfg --no-wait -q
}

talks tx-flags
eventually 10 sh -c 'chaos console talks --no-follow | grep -q "liar: tx-flags"'
chaos console talks </dev/null >first &
first=$!
chaos console talks </dev/null >second &
second=$!
eventually 10 grep -q 'liar: tx-flags' first
eventually 10 grep -q 'liar: tx-flags' second
# The same for one who only reads; what is older is left out.
check_match "logs" '*liar: tx-flags*' "$(chaos logs talks)"
chaos logs -f talks >third &
third=$!
eventually 10 grep -q 'liar: tx-flags' third
check_match "a day's logs" '*liar: tx-flags*' "$(chaos logs talks --since 1d)"
sleep 2
check_eq "the last second's logs" "" "$(chaos logs talks --since 1s)"

# One has the guest's input until it leaves; others are told that they only read.
mkfifo keys
exec 3<>keys
chaos console talks <keys >writes 2>writes.err &
writer=$!
eventually 10 grep -q 'liar: tx-flags' writes
chaos console talks <keys >reads 2>reads.err &
reader=$!
eventually 10 grep -q 'only reads' reads.err
check_match "it reads all the same" '*liar: tx-flags*' "$(cat reads)"
check_eq "who writes is told nothing" "" "$(cat writes.err)"
kill $writer
wait $writer || true
chaos console talks <keys >next 2>next.err &
next=$!
eventually 10 grep -q 'liar: tx-flags' next
check_eq "the next one writes" "" "$(cat next.err)"
kill $reader $next
wait $reader || true
wait $next || true
exec 3<&-
check "destroy" chaos destroy talks --wait
# The guest is gone, and so are those who followed it.
wait $first || true
wait $second || true
check "logs -f ends well" wait $third

# Last words: a crash is on the console although no event told of it.
talks null
eventually 20 sh -c 'chaos info talks --json | jq -e ".state == \"crashed\""'
check_match "last words" '*panic: page fault*' "$(chaos console talks --no-follow)"
check "destroy" chaos destroy talks --wait

# A reader that stands still, beside one that reads, while the guest prints as fast as it can.
talks flood-console
chaos console talks </dev/null >/dev/null &
still=$!
eventually 10 sh -c 'chaos console talks --no-follow | grep -q "of many"'
kill -STOP $still
before=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pidof chaos-iod)/status")
chaos console talks </dev/null >reads &
reader=$!
sleep 0.5
kill $reader
wait $reader || true
after=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pidof chaos-iod)/status")
check "the reader got $(wc -c <reads) bytes" test "$(wc -c <reads)" -gt 200000
check "chaos-iod grew from $before to $after KiB" test $((after - before)) -lt 500
kill -CONT $still
kill $still
wait $still || true
# What is kept is the end, of bounded size.
size=$(chaos console talks --no-follow | wc -c)
check "$size bytes are kept" test "$size" -le 70000
check "destroy" chaos destroy talks --wait
