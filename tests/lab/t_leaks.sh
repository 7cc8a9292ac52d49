# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 400
# After 100 lives of a guest dom0 is as before: free memory, event channels, mappings, fds.
. "$LAB_LIB"

# is GUEST STATE
is() { [ "$(chaos info "$1" --json | jq -r .state)" = "$2" ]; }

guests=/usr/share/chaos/guests

# Mappings of other domains' frames, by chaosd (foreign) and chaos-iod (granted).
mappings() { grep -c -E 'xen/(privcmd|gntdev|evtchn)' "/proc/$(pidof "$1")/maps" || true; }
fds() { find "/proc/$(pidof "$1")/fd" | wc -l; }
free_kib() { echo $(($(chaos version --json | jq .chaosd.free_bytes) / 1024)); }

measure() {
    echo "event channels: $(lsevtchn 0 | wc -l)"
    for daemon in chaosd chaos-iod; do
        echo "$daemon: $(mappings $daemon) mappings, $(fds $daemon) fds"
    done
    echo "links: $(ip -o link | wc -l), rules: $(nft list ruleset | wc -l)"
    echo "granted pages that dom0 uses: $(cat /sys/module/xen_gntdev/parameters/* 2>/dev/null | wc -l)"
}

cycle() {
    chaos create -q $guests/daytime.cfg -p 8080:13 || fail "create $1"
    chaos destroy --wait daytime || fail "destroy $1"
}

# The first lives take what is kept for good: caches, and dom0's own pools.
for i in 1 2 3; do cycle "warm $i"; done
sleep 1
measure >before
before=$(free_kib)
i=0
while [ $i -lt 100 ]; do
    i=$((i + 1))
    cycle $i
done
sleep 1
measure >after
after=$(free_kib)
check_eq "dom0 afterwards" "$(cat before)" "$(cat after)"
check_eq "Xen's free memory in KiB" "$before" "$after"

# What fails on the way leaves nothing either.
for mode in die-before-open die-after-open die-before-ready exit-before-ready poweroff-before-ready; do
    check_status "$mode" 16 chaos create -q $guests/noop.cfg kernel=\'$guests/tests/liar\' memory=2 cmdline=\'$mode\' 2>/dev/null
done
check_status "never ready" 14 chaos create -q --timeout 0.2 $guests/noop.cfg kernel=\'$guests/tests/liar\' memory=2 cmdline=\'never-ready\' 2>/dev/null
# Crashes leave a record, which goes with destroy.
check "crash" chaos create --no-wait -q $guests/noop.cfg kernel=\'$guests/tests/liar\' memory=2 cmdline=\'state\'
eventually 10 is noop crashed
sleep 1
measure >after
check_eq "dom0 after failures" "$(cat before)" "$(cat after)"
check_eq "Xen's free memory in KiB" "$before" "$(free_kib)"
check "forget it" chaos destroy noop
