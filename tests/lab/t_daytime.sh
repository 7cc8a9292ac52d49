# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 120
# The main job: a guest is created, listed, answers over TCP with dom0's own time, and is gone.
. "$LAB_LIB"

check "create" chaos create /usr/share/chaos/guests/daytime.cfg
check_eq "listed" daytime "$(chaos list --json | jq -r '.[].name')"
ip=$(chaos info daytime --json | jq -r '.vifs[0].ip')

told=$(nc -w 3 "$ip" 13 </dev/null) || fail "no answer from $ip"
here=$(date -u +%s)
check_match "RFC 3339" '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z' "$told"
there=$(date -u -d "$(echo "$told" | tr T ' ' | tr -d Z)" +%s) || fail "no date: $told"
apart=$((here - there))
check "dom0 reads $here, the guest $there" test "${apart#-}" -le 2

check_match "console" '*listening on*' "$(chaos console daytime --no-follow)"
check "destroy" chaos destroy --wait daytime
check_eq "nothing is listed" '[]' "$(chaos list --json | jq -c .)"
