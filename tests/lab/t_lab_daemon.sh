# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# The command runs once chaosd answers, and not at all if chaosd does not come up. Stand-ins play chaosd.
. "$LAB_LIB"

# program PATH: an executable script from standard input.
program() {
    mkdir -p "$(dirname "$1")"
    { echo '#!/bin/sh'; cat; } >"$1"
    chmod +x "$1"
}

export CHAOS_STAGE="$PWD/stage"
program stage/usr/sbin/chaosd <<'P'
[ "$*" = -d ] || exit 2
(sleep 2; echo ready >/run/chaosd-ready) >/dev/null 2>&1 &
P
program stage/usr/bin/chaos <<'P'
[ "$*" = version ] && [ -e /run/chaosd-ready ]
P
check_eq "the daemon was waited for" ready "$("$LAB" run -- cat /run/chaosd-ready)"

program stage/usr/sbin/chaosd <<'P'
echo "no such socket directory" >&2
exit 1
P
check_status "a daemon that fails" 125 "$LAB" run -- echo never >out 2>err
check_eq "the command did not run" "" "$(cat out)"
check_match "the daemon's words" '*no such socket directory*' "$(cat err)"
