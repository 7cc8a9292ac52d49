# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 300
# copy: tests/stuck_client:/lab/stuck_client
# Clients that do not read, have sent half a request, hold descriptors that will not close, and all that to their limits:
# a create of another takes as many instructions as without them, within 3 %, and who is refused is told why.
. "$LAB_LIB"

stuck=''
trap 'kill -9 $stuck 2>/dev/null || true' EXIT

get_stuck() {
    /lab/stuck_client "$1" >"stuck-$1" &
    stuck="$stuck $!"
    eventually 120 grep -q stuck "stuck-$1"
}
chaosd_fds() { find "/proc/$(pidof chaosd)/fd" -mindepth 1 | wc -l; }

without=$(loaded_us)
before=$(chaosd_fds)
get_stuck 4001
get_stuck 4002
echo "chaosd holds $before descriptors without them, $(chaosd_fds) with them"
check "their connections are there" test "$(chaosd_fds)" -ge $((before + 256))
with=$(loaded_us)
echo "a create: $without us without, $with us with them"
check "$with us instead of $without us" test $((with * 100)) -le $((without * 103))

# They have used up their own share and nobody else's.
# shellcheck disable=SC2086 # words are meant
kill -9 $stuck
stuck=''
let_go() { [ "$(chaosd_fds)" -le $((before + 4)) ]; }
eventually 60 let_go
after=$(loaded_us)
echo "afterwards: $after us"
check "$after us instead of $without us" test $((after * 100)) -le $((without * 103))
