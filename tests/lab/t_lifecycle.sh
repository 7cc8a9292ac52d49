# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 400
# leaks: yes
# Definitions and policies on real guests: defined, started, restarted after a crash, renamed, and all of it across a killed chaosd.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
state() { chaos info "$1" --json | jq -r .state; }
is() { [ "$(state "$1")" = "$2" ]; }
domid() { chaos info "$1" --json | jq -r .domid; }
ip_of() { chaos info "$1" --json | jq -r '.vifs[0].ip'; }
answers() { nc -w 3 "$1" 13 </dev/null | grep -q Z; }
# is_another GUEST DOMID: it runs as another domain.
is_another() { new=$(domid "$1" 2>/dev/null) && [ "$new" != null ] && [ "$new" != "$2" ] && is "$1" running; }
gone() { [ -z "$(pidof "$1")" ]; }
killed() {
    until pid=$(pidof chaosd) && kill -9 "$pid"; do sleep 0.1; done
    eventually 20 gone chaosd
}
restart() { chaosd -d 2>>/tmp/test/log || fail "chaosd does not start"; }
files() { find /var/lib/chaos/definitions /run/chaos/definitions -type f | wc -l; }

echo "-- defined and started"
check "define" chaos define $guests/daytime.cfg "name='web'"
check_eq "state" defined "$(state web)"
check_eq "in the list" '["web",null,"defined"]' "$(chaos list --json | jq -c '.[0] | [.name, .domid, .state]')"
check_status "its name is taken" 8 chaos create -q $guests/daytime.cfg "name='web'"
check "start" chaos start web
check "it answers" answers "$(ip_of web)"
check_status "start again" 15 chaos start web
check_status "undefine what runs" 15 chaos undefine web
first=$(domid web)
check "restart" chaos restart web
check "another domain" is_another web "$first"
check "it answers" answers "$(ip_of web)"
check "restart by force" chaos restart --force web
check "it answers" answers "$(ip_of web)"
check "shutdown" chaos shutdown web
check_eq "it is defined still" defined "$(state web)"

echo "-- what chaosd keeps"
killed
restart
check_eq "defined, after chaosd was killed" defined "$(state web)"
check "start" chaos start web
check "rename" chaos rename web shop
check_status "its old name is free" 10 chaos info web
killed
restart
check "it answers" answers "$(ip_of shop)"
check "destroy" chaos destroy --wait shop
check_eq "state" defined "$(state shop)"
check_status "destroy what has no domain" 15 chaos destroy shop
check "undefine" chaos undefine shop
check_status "it is not found" 10 chaos info shop
check_eq "no file is left" 0 "$(files)"

echo "-- rebooted"
check "create" chaos create -q $guests/daytime.cfg "name='web'" "on_reboot='restart'" "on_poweroff='restart'"
first=$(domid web) ip=$(ip_of web)
check "reboot" chaos reboot web
eventually 20 is_another web "$first"
check_eq "the same address" "$ip" "$(ip_of web)"
check "it answers" answers "$ip"
check_eq "restarts" 1 "$(chaos info web --json | jq .definition.restarts)"
killed
restart
first=$(domid web)
check "shutdown" chaos shutdown web
eventually 20 is_another web "$first"
check "it answers" answers "$ip"
check "destroy" chaos destroy --wait web
check_status "it is not found" 10 chaos info web
check_eq "no file is left" 0 "$(files)"

echo "-- crashed"
check "create" chaos create -q --no-wait $guests/noop.cfg "name='bad'" kernel=\'$guests/tests/liar\' memory=2 cmdline=\'invalid\' \
    "on_crash='restart'" max_restarts=3
eventually 30 is bad crashed
check_match "it was given up" '*given up after 3 restarts' "$(chaos info bad --json | jq -r .reason)"
check_eq "no domain is left" null "$(chaos info bad --json | jq -r '.definition')"
check_eq "no file is left" 0 "$(files)"
chaos destroy bad

echo "-- a core before the end"
rm -f /var/lib/chaos/dump/*
check "create" chaos create -q --no-wait $guests/noop.cfg "name='bad'" kernel=\'$guests/tests/liar\' memory=2 cmdline=\'invalid\' \
    "on_crash='coredump-destroy'"
dumped() { [ "$(head -c 4 /var/lib/chaos/dump/bad-*.core | tail -c 3)" = ELF ]; }
eventually 30 dumped
eventually 10 is bad crashed
check_eq "it is its owner's alone" 600 "$(stat -c %a /var/lib/chaos/dump/bad-*.core)"
rm /var/lib/chaos/dump/*
chaos destroy bad

echo "-- a restart outlives chaosd"
check "create" chaos create -q --no-wait $guests/noop.cfg "name='bad'" kernel=\'$guests/tests/liar\' memory=2 cmdline=\'invalid\' \
    "on_crash='restart'" max_restarts=1000
eventually 20 is bad restarting
killed
restart
first=$(chaos info bad --json | jq .definition.restarts)
more() { [ "$(chaos info bad --json | jq '.definition.restarts // 0')" -gt "$first" ]; }
eventually 60 more
# It may be up just now: then it is destroyed.
check "called off" chaos destroy bad
eventually 20 check_status "it is not found" 10 chaos info bad
check_eq "no file is left" 0 "$(files)"

echo "-- with the host"
check "db" chaos define $guests/daytime.cfg "name='db'" autostart=1
check "web" chaos define $guests/daytime.cfg "name='web'" autostart=1 "after=['db']"
check "other" chaos define $guests/daytime.cfg "name='other'"
kill -INT "$(pidof chaosd)"
eventually 20 gone chaosd
eventually 20 gone chaos-iod
# As a host that was started anew.
rm -f /run/chaos/state.lmdb
restart
eventually 30 is web running
check "db came first" [ "$(domid db)" -lt "$(domid web)" ]
check_eq "other was not asked for" defined "$(state other)"
check "destroy" chaos destroy --wait db web
killed
restart
check_eq "once is enough" defined "$(state db)"
check "undefine" chaos undefine db web other
check_eq "no file is left" 0 "$(files)"
