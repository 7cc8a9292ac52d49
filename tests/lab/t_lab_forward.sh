# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# A forwarded port reaches dom0 from the host.
. "$LAB_LIB"

port=$((20000 + $$ % 10000))
"$LAB" run --mem 4096 --forward "$port:7000" --timeout 120 -- sh -c 'echo from dom0 | nc -l -p 7000 -q 1' >got 2>err &
lab=$!
# QEMU accepts before dom0 listens, so ask until an answer comes.
answer=''
while [ -z "$answer" ] && kill -0 $lab 2>/dev/null; do
    answer=$(echo from host | nc -w 2 127.0.0.1 "$port" || true)
    sleep 0.2
done
check_eq "dom0's words" "from dom0" "$answer"
check_status "the lab" 0 wait $lab
check_eq "the host's words" "from host" "$(cat got)"
