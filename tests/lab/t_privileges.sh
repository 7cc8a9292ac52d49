# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# What the daemons hold, as the kernel says: capabilities, system call filters, users, and of chaos-iod every descriptor.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
trap 'chaos list --json | jq -r ".[].name" | xargs -r chaos destroy --wait >/dev/null 2>&1; chaos pool set memory=2 nics=1 target=0 >/dev/null' EXIT

# holds PID KEY VALUE: for all its threads.
holds() {
    for task in /proc/"$1"/task/*; do
        check_eq "$2 of $task" "$3" "$(awk -v key="$2:" '$1 == key { $1 = ""; print substr($0, 2) }' "$task/status")"
    done
}

# The nine capabilities of daemon/util/seal_capabilities.c.
kept=00000000000415e5
none=0000000000000000

as_documented() {
    chaosd=$(pidof chaosd) iod=$(pidof chaos-iod)
    for set in CapPrm CapEff CapBnd; do
        holds "$chaosd" $set $kept
        holds "$iod" $set $none
    done
    for pid in "$chaosd" "$iod"; do
        holds "$pid" CapInh $none
        holds "$pid" CapAmb $none
        holds "$pid" NoNewPrivs 1
        holds "$pid" Seccomp 2
    done
    check_eq "chaosd's user" "0 0 0 0" "$(awk '$1 == "Uid:" { $1 = ""; print substr($0, 2) }' "/proc/$chaosd/status")"
    check_eq "chaos-iod is one user, not root" "1 1" "$(awk '$1 == "Uid:" { print $2 != 0, $2 == $3 && $2 == $4 && $2 == $5 }' "/proc/$iod/status")"
    check_eq "chaos-iod's groups" 0 "$(awk '$1 == "Groups:" { print NF - 1 }' "/proc/$iod/status")"
    check_eq "chaos-iod's own filter on top of chaosd's" 2 "$(awk '$1 == "Seccomp_filters:" { print $2 }' "/proc/$iod/status")"
    check_eq "chaos-iod sees an empty directory" "" "$(ls -A "/proc/$iod/root/")"
    check_eq "and cannot fill it" "0 555" "$(stat -c '%u %a' "/proc/$iod/root/")"
}

# What chaos-iod's descriptors are, a line each; of_iod ARG...: how many of them grep finds.
iod_fds() { for fd in "/proc/$(pidof chaos-iod)/fd"/*; do readlink "$fd"; done; }
of_iod() { iod_fds | grep -c "$@" || true; }
# For each guest one of each device; beside that nothing but what it takes to serve.
fds_for() {
    check_eq "grant devices of $1 guests" "$1" "$(of_iod '^/dev/xen/gntdev$')"
    check_eq "event channels of $1 guests" "$1" "$(of_iod '^/dev/xen/evtchn$')"
    check_eq "the uplink's TAP" 1 "$(of_iod '^/dev/net/tun$')"
    check_eq "sockets: to listen, and chaosd" 2 "$(of_iod '^socket:')"
    check_eq "the loop's epoll, timer, and pipe for signals" "2 2" "$(of_iod '^anon_inode:') $(of_iod '^pipe:')"
    check_eq "stdin" 1 "$(of_iod '^/dev/null$')"
    check_eq "stdout and stderr" 2 "$(of_iod -x "$(readlink "/proc/$(pidof chaosd)/fd/2")")"
    check_eq "all" $((2 * $1 + 10)) "$(iod_fds | wc -l)"
}

# Alone: no shells of earlier tests.
check "pool" chaos pool set memory=2 nics=1 target=0
check_eq "no guests" 0 "$(chaos list --json | jq length)"
pool_empty() { [ "$(chaos pool --json | jq .held_bytes)" = 0 ]; }
eventually 20 pool_empty
as_documented
fds_for 0
check "a guest without interfaces" chaos create -q $guests/noop.cfg
fds_for 1
check "one with one" chaos create -q $guests/daytime.cfg "name='daytime-1'" -p 81:13
check "another" chaos create -q $guests/daytime.cfg "name='daytime-2'"
as_documented
fds_for 3

check "destroy" chaos destroy --wait noop
fds_for 2

# What works later as at the beginning: another chaos-iod, ports, TAPs, all while sealed.
old=$(pidof chaos-iod)
kill -9 "$old"
replaced() { [ -n "$(pidof chaos-iod)" ] && [ "$(pidof chaos-iod)" != "$old" ]; }
eventually 20 replaced
answers() { nc -w 2 "$(chaos info "$1" --json | jq -r '.vifs[0].ip')" 13 </dev/null | grep -q Z; }
eventually 20 answers daytime-1
as_documented
fds_for 2

# Who may connect.
check_eq "the socket" "0 660" "$(stat -c '%u %a' /run/chaos/chaosd.sock)"
check_eq "its group" chaos "$(stat -c %G /run/chaos/chaosd.sock)"
check_eq "the directory" "0 755" "$(stat -c '%u %a' /run/chaos)"
check_eq "chaos-iod's socket" "0 600" "$(stat -c '%u %a' /run/chaos/iod.sock)"
check_eq "the store" "0 600" "$(stat -c '%u %a' /run/chaos/state.lmdb)"
check_status "a stranger" 11 su -s /bin/sh nobody -c 'chaos list' 2>err
check_match "is told" '*permission*' "$(cat err)"
