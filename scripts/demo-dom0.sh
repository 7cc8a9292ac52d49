# shellcheck shell=sh
# The part of demo.sh that runs in dom0.
set -u
guests=/usr/share/chaos/guests
bench=/usr/lib/chaos/bench/boot-latency

show() { printf '\n$ %s\n' "$*"; "$@"; }

printf '\n== A unikernel from nothing to ready, phase by phase\n'
show chaos create --timing "$guests/daytime.cfg" || exit 1
show chaos list

printf '\n== The time, from the guest, over TCP port 13\n'
ip=$(chaos info daytime --json | jq -r '.vifs[0].ip')
printf '\n$ nc -w 3 %s 13\n' "$ip"
answer=$(nc -w 3 "$ip" 13 </dev/null)
echo "$answer"
case $answer in
20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z) ;;
*) echo "demo: the guest did not answer" >&2; exit 1 ;;
esac

printf '\n== What the guest printed\n'
show chaos console daytime --no-follow
chaos destroy daytime || exit 1

printf '\n== The same minimal image started by chaos, from a shell built ahead of time, and by xl: whole processes\n'
printf '   (under emulation one microsecond here is 1,000 instructions of the whole machine)\n'
show "$bench" --mode chaos,xl --memory 2 --counted 0 --guests 5 | grep -v ' create \| destroy '
