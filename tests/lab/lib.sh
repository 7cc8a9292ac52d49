# shellcheck shell=sh
# Helpers for lab tests: POSIX sh, sourced by every t_NAME.sh, in dom0 or on the host.

# fail WHY...: ends the test.
fail() { echo "FAILED: $*"; exit 1; }

# skip WHY...: ends the test without a verdict.
skip() { echo "skipped: $*"; exit 77; }

# check WHAT COMMAND...: COMMAND must succeed.
check() {
    check_what=$1
    shift
    "$@" || fail "$check_what: '$*' gave status $?"
}

# check_status WHAT STATUS COMMAND...: COMMAND must exit with STATUS.
check_status() {
    check_what=$1 check_want=$2 check_got=0
    shift 2
    "$@" || check_got=$?
    [ "$check_got" = "$check_want" ] || fail "$check_what: '$*' gave status $check_got, not $check_want"
}

# check_eq WHAT WANT GOT
check_eq() {
    [ "$2" = "$3" ] || fail "$1
wanted: $2
got:    $3"
}

# check_match WHAT PATTERN TEXT: PATTERN is a shell pattern.
check_match() {
    # shellcheck disable=SC2254 # a pattern is meant
    case $3 in
    $2) ;;
    *) fail "$1
wanted: $2
got:    $3" ;;
    esac
}

# eventually SECONDS COMMAND...: COMMAND must succeed within SECONDS, tried again and again.
eventually() {
    eventually_limit=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$eventually_limit" ] || fail "never came true: $*"
        sleep 0.1
    done
}

# loaded_us: the median of a create from a loaded shell, in microseconds.
loaded_us() {
    /usr/lib/chaos/bench/boot-latency --mode loaded --guests 20 --memory 2 --counted 0 --json |
        jq 'select(.phase == "ready").p50_us | floor'
}

# liar NAME MODE [LINE...]: writes NAME.cfg, a test guest that breaks the rule MODE. LINEs come last, so they win.
liar() {
    {
        printf '%s\n' "name = \"$1\"" 'kernel = "/usr/share/chaos/guests/tests/liar"' 'memory = 2' "cmdline = \"$2\""
        shift 2
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$1.cfg"
}
