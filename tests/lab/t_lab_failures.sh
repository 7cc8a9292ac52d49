# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: quick
# timeout: 600
# A lab that cannot do its work says so with a status no command has by chance.
. "$LAB_LIB"

mkdir tmp
export TMPDIR="$PWD/tmp"

refused() {
    check_status "$1" 125 "$LAB" "$@" 2>err
    check_eq "one line about it" 1 "$(wc -l <err)"
}

refused run
refused run --mem lots -- true
refused run --no-such-option -- true
refused run --copy relative:path -- true
refused run --icount --cpus 2 -- true
refused run --copy /no/such/file:/file -- true
refused shell

# Live output: the first line is out although the command never ends.
status=0
"$LAB" run --timeout 3 -- sh -c 'echo started; sleep 1000' >out 2>err || status=$?
check_eq "status at the deadline" 124 "$status"
check_eq "output before the deadline" started "$(cat out)"

# dom0 dies under the command.
check_status "a dead dom0" 125 "$LAB" run -- sh -c 'echo c >/proc/sysrq-trigger' >out 2>err
check_match "its log is named" '*.log*' "$(cat err)"

check_eq "nothing is left behind" "" "$(ls "$TMPDIR")"
