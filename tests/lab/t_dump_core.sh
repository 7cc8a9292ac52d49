# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# gdb opens a dump of a guest with the guest's symbols, and names the functions it was in: of one that runs, and runs on,
# of one that has panicked, and of one that has faulted. gdb runs on the host; dom0 has none.
. "$LAB_LIB"

command -v gdb >/dev/null || skip "gdb is not installed (scripts/deps.sh)"
symbols=$(dirname "$LAB")/../../build/release/guests/tests/nested.debug
[ -z "${CHAOS_STAGE:-}" ] && [ -e "$symbols" ] || skip "no symbols of the test guest in build/release"

cat >in_dom0 <<'D'
. /lab/lib.sh

# nested MODE: a guest that is three functions deep in doing so.
nested() {
    printf '%s\n' "name = \"$1\"" 'kernel = "/usr/share/chaos/guests/tests/nested"' 'memory = 2' "cmdline = \"$1\"" \
        'on_crash = "preserve"' >"$1.cfg"
    check "create $1" chaos create --no-wait "$1.cfg"
    eventually 20 sh -c "chaos logs $1 | grep -q nested:"
}
state() { chaos info "$1" --json | jq -r .state; }

nested spin
before=$(chaos noxs spin --json | jq -c .daemon)
check "dump of one that runs" chaos dump-core spin spin.core
check_eq "it runs on" running "$(state spin)"
check_eq "nobody else reads it" 600 "$(stat -c %a spin.core)"
check_eq "its page is as before" "$before" "$(chaos noxs spin --json | jq -c .daemon)"
check_status "a file that is there" 8 chaos dump-core spin spin.core 2>err
check_match "it says what to do" '*spin.core*--force*' "$(cat err)"
check "by force" chaos dump-core --force spin spin.core
mkfifo pipe
sleep 60 <>pipe &
check_status "no file" 4 chaos dump-core --force spin pipe 2>err
check_match "it says so" '*regular file*' "$(cat err)"
kill $!

check "pause" chaos pause spin
check "dump of one that is paused" chaos dump-core spin paused.core
check_eq "it stays so" paused "$(state spin)"
check "unpause" chaos unpause spin

for mode in panic fault; do
    nested $mode
    eventually 20 sh -c "chaos info $mode --json | grep -q crashed"
    check "dump of one that has crashed" chaos dump-core $mode $mode.core
done

chaos create /usr/share/chaos/guests/noop.cfg name=\'big\' memory=64 >/dev/null
# A file system that is full is an error, and no file.
mkdir full
mount -t tmpfs -o size=1m none full
check_status "a full file system" 4 chaos dump-core big full/core 2>err
check_match "it says so" '*No space left*' "$(cat err)"
check_eq "nothing is left of it" '' "$(ls full)"
check_eq "it runs on" running "$(state big)"
umount full
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait

for core in spin paused panic fault; do
    echo "core $core"
    gzip -c $core.core | base64
    echo end
done
D
check "in dom0" "$LAB" run --timeout 300 --copy "$LAB_LIB:/lab/lib.sh" --copy "$PWD/in_dom0:/lab/in_dom0" -- sh -eu /lab/in_dom0 >out

# backtrace NAME: what gdb makes of a core that came along.
backtrace() {
    sed -n "/^core $1\$/,/^end\$/p" out | sed '1d;$d' | base64 -d | gunzip >"$1.core"
    gdb -nx -batch -ex bt "$symbols" "$1.core" >"$1.bt" 2>&1 ||
        fail "gdb: $(cat "$1.bt")"
}
for mode in spin paused panic fault; do
    backtrace $mode
    check_match "$mode: the functions, from the innermost out" \
        '*innermost (*secret=4711*middle (*outermost (*ukg_main (*kernel_start (*enter_long_mode (*' "$(cat $mode.bt)"
    check "$mode: there the stack ends" sh -c "tail -n 1 $mode.bt | grep -q enter_long_mode"
done
check_match "how it came to stop" '*ukg_panic (*innermost (*' "$(cat panic.bt)"
check_match "through the exception" '*trap_handle (*<signal handler called>*innermost (*' "$(cat fault.bt)"
check_match "a note says who it was" '*noxs*' "$(LC_ALL=C readelf -nW panic.core 2>/dev/null)"
strings -n 6 panic.core >texts
check "its name and reason" grep -q '^name=panic$' texts
check "its reason" grep -q '^reason=crashed' texts
