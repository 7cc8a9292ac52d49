# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 900
# A guest that breaks a rule is stopped, and its state says why; one that is only odd goes on. A
# neighbour answers all the while.
. "$LAB_LIB"

sed 's/^name.*/name = "neighbour"/' /usr/share/chaos/guests/daytime.cfg >neighbour.cfg
check "neighbour" chaos create neighbour.cfg
ip=$(chaos info neighbour --json | jq -r '.vifs[0].ip')

start() { # IMAGE COMMAND_LINE
    echo "$*"
    liar odd "$2" "kernel = '/usr/share/chaos/guests/tests/$1'" "vif = ['']" 'on_crash = "preserve"' 'on_poweroff = "preserve"'
    chaos create odd.cfg --no-wait >/dev/null || fail "create $1 $2"
}

finish() {
    check_match "$1: the neighbour" '????-??-??T??:??:??Z' "$(nc -w 10 "$ip" 13 </dev/null)"
    check "$1: destroy" chaos destroy odd --wait
}

stopped() { # MODE REASON: the guest must be crashed, with this reason
    start liar "$1"
    # What is wrong with a receive request is seen when a frame arrives.
    ping -c 1 -w 1 "$(chaos info odd --json | jq -r '.vifs[0].ip')" >/dev/null 2>&1 || true
    tries=0
    until [ "$(chaos info odd --json | jq -r .state)" = crashed ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "$1: still $(chaos info odd --json)"
        sleep 0.1
    done
    check_match "$1" "$2" "$(chaos info odd --json | jq -r .reason)"
    finish "$1"
}

runs() { # IMAGE MODE: the guest must still run after a while
    start "$1" "$2"
    sleep 1
    check_eq "$1 $2" running "$(chaos info odd --json | jq -r .state)"
    finish "$1 $2"
}

stopped page '*'
stopped page-all '*'
stopped state 'control: unknown value in the status word'
stopped state-back 'control: the status word went backwards'
stopped ack 'control: answer to a request that was never made'
stopped tx-index 'net tx: producer index out of range'
stopped rx-index 'net rx: producer index out of range'
stopped tx-gref 'net tx: reference outside the buffer arena'
stopped tx-offset 'net tx: buffer runs past its page'
stopped rx-gref 'net rx: reference is not of the buffer'
stopped rx-id 'net rx: no such buffer'
stopped console-index 'console: output index out of range'
stopped exiting '*it said it was exiting, and ran on'
stopped die-before-open '*'
stopped die-after-open '*'
stopped die-before-ready '*'
stopped die-after-ready '*'

runs liar device-state
runs liar tx-flags
runs liar spoof-mac
runs liar spoof-ip
runs liar spoof-arp
runs liar refuse

for mode in page console window balloon grants close-control close-io reset-channels; do
    start remove "$mode"
    sleep 1
    finish "remove $mode"
done

check "destroy" chaos destroy neighbour --wait
