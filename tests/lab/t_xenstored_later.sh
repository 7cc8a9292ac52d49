# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# chaosd starts first, then xenstored: both work, where the host starts xenstored. With virq = take it could not.
. "$LAB_LIB"

: >unit
cat >in_dom0 <<'D'
. /lab/lib.sh

tools=/usr/lib/xen-4.17/bin
guests=/usr/share/chaos/guests
log() { tr '\n' ' ' </run/lab/chaosd.log; }
crash_is_noticed() { # NAME
    liar "$1" invalid 'memory = 1'
    check "create $1" chaos create "$1.cfg" -q
    eventually 10 sh -c "chaos info $1 --json | jq -e '.state == \"crashed\"'"
    check "destroy $1" chaos destroy --wait "$1"
}

check_match "chaosd leaves the event alone" '*is not taken (systemd starts xenstored)*' "$(log)"
check "there is no xenstored yet" sh -c '! pidof xenstored'
check "create" chaos create $guests/daytime.cfg name=\'web\' -q
crash_is_noticed before

# What would happen otherwise: xenstored ends at once. Its guests go on from one chaosd to the next.
echo 'virq = take' >take.conf
killall chaosd
eventually 10 sh -c '! pidof chaosd'
chaosd -d --config take.conf 2>/run/lab/take.log
check_match "taken" '*Xen tells chaosd*' "$(tr '\n' ' ' </run/lab/take.log)"
mkdir -p /run/xen /run/xenstored /var/lib/xen /var/log/xen
$tools/xenstored --pid-file=/run/xen/xenstored.pid || true
sleep 1
check "xenstored cannot start" sh -c '! pidof xenstored'
rm -f /run/xenstored/*
crash_is_noticed taken
killall chaosd
eventually 10 sh -c '! pidof chaosd'
check "chaosd, with auto" chaosd -d 2>/run/lab/chaosd.log
check_match "left alone again" '*is not taken (systemd starts xenstored)*' "$(log)"

# Now as a host does it.
check "xenstored" $tools/xenstored --pid-file=/run/xen/xenstored.pid
eventually 20 xenstore-exists /tool
check "xen-init-dom0" $tools/xen-init-dom0
check "xenconsoled" $tools/xenconsoled --pid-file=/run/xen/xenconsoled.pid
cat >plain.cfg <<C
name = "plain"
type = "pvh"
kernel = "$guests/noop"
memory = 1
shadow_memory = 1
C
check "xl create" xl create plain.cfg
check_match "xl's guest" '*plain *' "$(xl list)"
check "our guest answers" sh -c "nc -w 3 $(chaos info web --json | jq -r '.vifs[0].ip') 13 </dev/null | grep -q Z"
crash_is_noticed after
check "create beside it" chaos create $guests/noop.cfg name=\'beside\' -q
check "xl destroy" xl destroy plain
check "destroy" chaos destroy --wait web beside
check "xenstored runs" pidof xenstored
D
unit=/etc/systemd/system/multi-user.target.wants/xenstored.service
check "in dom0" "$LAB" run --xl-later --copy "$PWD/unit:$unit" --copy "${LAB_LIB}:/lab/lib.sh" --copy "$PWD/in_dom0:/lab/in_dom0" -- sh -eu /lab/in_dom0
