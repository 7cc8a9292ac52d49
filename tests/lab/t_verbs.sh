# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# Every verb on a real guest, and the states it goes through.
. "$LAB_LIB"

# is GUEST STATE
is() { [ "$(chaos info "$1" --json | jq -r .state)" = "$2" ]; }

# breaks_its_rule GUEST: a liar has begun to do what its command line says.
breaks_its_rule() { chaos console --no-follow "$1" | grep -q liar:; }

guests=/usr/share/chaos/guests
state() { chaos info "$1" --json | jq -r .state; }

check_match "version" '*4.17*' "$(chaos version --json | jq -r .chaosd.hypervisor)"
check_match "create tells the guest" '*"name":*"web"*' "$(chaos create $guests/daytime.cfg name=\'web\' --json)"
check_eq "state" running "$(state web)"

info=$(chaos info web --json)
check_eq "memory" 2097152 "$(echo "$info" | jq .memory_bytes)"
check_eq "kernel" $guests/daytime "$(echo "$info" | jq -r .kernel)"
check_eq "gateway" 10.77.0.1 "$(echo "$info" | jq -r '.vifs[0].gateway')"
check_eq "prefix" 16 "$(echo "$info" | jq -r '.vifs[0].prefix_len')"
check_eq "bridge" null "$(echo "$info" | jq -r '.vifs[0].bridge')"
check_eq "reason" null "$(echo "$info" | jq -r .reason)"
check_eq "list says the same" "$(echo "$info" | jq -S 'del(.definition)')" "$(chaos list --json | jq -S '.[0]')"

# By domain id and by the beginning of its UUID.
check_eq "by domain id" web "$(chaos info "$(echo "$info" | jq -r .domid)" --json | jq -r .name)"
check_eq "by UUID" web "$(chaos info "$(echo "$info" | jq -r '.uuid[0:8]')" --json | jq -r .name)"

ip=$(echo "$info" | jq -r '.vifs[0].ip')
answers() { nc -w 2 "$ip" 13 </dev/null | grep -q Z; }
check "it answers" answers
check "pause" chaos pause web
check_eq "state" paused "$(state web)"
check_status "paused, it does not answer" 1 answers
check_status "pause again" 15 chaos pause web
check_status "shutdown while paused" 15 chaos shutdown web
check "unpause" chaos unpause web
check_eq "state" running "$(state web)"
eventually 10 answers
check_status "unpause again" 15 chaos unpause web

page=$(chaos noxs web --json)
check_eq "the page says ready" ready "$(echo "$page" | jq -r .guest.status.state)"
check_eq "the page's devices" '["console","net"]' "$(echo "$page" | jq -c '[.daemon.devices[].type]')"
check_eq "both sides have them open" '[["open","open"],["open","open"]]' \
    "$(echo "$page" | jq -c '[.guest.device_states, .iod.device_states]')"
check_match "console" '*listening*' "$(chaos console --no-follow web)"

check "shutdown" chaos shutdown web
check_eq "it is in no list" '[]' "$(chaos list --json | jq -c .)"
check_status "it is not found" 10 chaos info web

# A guest that stops by itself, and one that refuses to.
check "exit 0" chaos create --no-wait $guests/noop.cfg name=\'e0\' kernel=\'$guests/tests/liar\' memory=2 cmdline=\'exit=0\' on_poweroff=\'preserve\'
eventually 10 is e0 stopped
check_eq "its reason" "powered off" "$(chaos info e0 --json | jq -r .reason)"
check "exit 3" chaos create --no-wait $guests/noop.cfg name=\'e3\' kernel=\'$guests/tests/liar\' memory=2 cmdline=\'exit=3\' on_poweroff=\'preserve\'
eventually 10 is e3 stopped
check_eq "its reason" "exited with code 3" "$(chaos info e3 --json | jq -r .reason)"
check_status "pause what has stopped" 15 chaos pause e3
check "destroy both" chaos destroy --wait e0 e3

check "one that refuses" chaos create $guests/noop.cfg name=\'no\' kernel=\'$guests/tests/liar\' memory=2 cmdline=\'refuse\'
eventually 10 breaks_its_rule no
check_status "shutdown is refused" 15 chaos shutdown no
check_eq "it runs on" running "$(state no)"
check "with force it is destroyed" chaos shutdown --force --timeout 1 no
check_eq "it is in no list" '[]' "$(chaos list --json | jq -c .)"

# A guest that spins does not answer: the deadline passes, it runs on.
check "one that is busy" chaos create $guests/noop.cfg name=\'busy\' kernel=\'$guests/tests/liar\' memory=2 cmdline=\'spin\'
eventually 10 breaks_its_rule busy
check_status "shutdown times out" 14 chaos shutdown --timeout 1 busy
check_eq "it runs on" running "$(state busy)"
check "destroy" chaos destroy --wait busy
