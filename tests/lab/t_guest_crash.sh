# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 300
# A guest that crashes leaves a dump a person can read on its console; one that exits leaves its code.
. "$LAB_LIB"

start() { # COMMAND_LINE
    liar crash "$1" 'memory = 1' 'on_crash = "preserve"' 'on_poweroff = "preserve"'
    chaos create crash.cfg --no-wait >/dev/null || fail "create $1"
}

crash() { # MODE PATTERN...: each must be on the console
    mode=$1
    shift
    start "$mode"
    eventually 20 sh -c 'chaos info crash --json | jq -e ".state == \"crashed\""'
    chaos console crash --no-follow | tr -d '\r' >dump
    for pattern; do
        grep -q -- "$pattern" dump || fail "$mode: no '$pattern' in
$(cat dump)"
    done
    chaos destroy crash --wait
}

crash null 'panic: page fault' 'write to 8, not mapped (null pointer?)' 'rip\|rax 0' 'stack:'
crash overflow 'panic: double fault' '(stack overflow)'
crash write-text 'panic: page fault' 'write to 14000, not permitted'
crash divide 'panic: divide error'
crash invalid 'panic: invalid opcode'

start exit=7
eventually 20 sh -c 'chaos info crash --json | jq -e ".state == \"stopped\""'
check_match "exit code" '*code 7*' "$(chaos info crash --json | jq -r .reason)"
chaos destroy crash --wait
