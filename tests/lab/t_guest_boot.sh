# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: quick
# timeout: 120
# noop in 1 MiB: ready, a line on the console, asked to stop; and what its own boot costs.
. "$LAB_LIB"

state() { chaos info "$1" --json | jq -r .state; }
console() { chaos console "$1" --no-follow; }

sed -e 's/^name.*/name = "boot"/' -e 's/^memory.*/memory = 1/' /usr/share/chaos/guests/noop.cfg >boot.cfg
echo 'on_poweroff = "preserve"' >>boot.cfg

chaos create boot.cfg --timing >timing
check_eq "state" running "$(state boot)"
eventually 5 sh -c 'chaos console boot --no-follow | grep -q "noop: boot is ready"'
check_match "free memory of 1 MiB" 'noop: boot is ready, 9?? KiB free' "$(console boot | tr -d '\r')"

# On one CPU "unpause" returns when the guest waits: its boot, and what it does first as ready.
boot_us=$(awk '$1 == "unpause" || $1 == "ready" { sum += $2 } END { print int(sum) }' timing)
echo "from unpause to ready: $boot_us us"
check "a boot of $boot_us us" test "$boot_us" -le 250

check "asked to stop" chaos shutdown boot --timeout 10
check_eq "state after shutdown" stopped "$(state boot)"
check "destroyed" chaos destroy boot --wait
