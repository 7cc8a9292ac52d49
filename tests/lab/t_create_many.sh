# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 240
# Many guests of one request: in one round trip, and what becomes of the rest when one fails.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
count() { chaos list --json | jq "length"; }
destroy_all() { chaos list --json | jq -r '.[].name' | xargs -r chaos destroy --wait; }

# One packet out, for all of them.
check "forty guests" strace -f -e trace=sendmsg -o sent chaos create -n 40 $guests/daytime.cfg "name='many'" >made
check_eq "one message" 1 "$(grep -c 'sendmsg(' sent)"
check_eq "forty lines" 40 "$(grep -c ', running, ' made)"
check_eq "forty run" 40 "$(count)"
check_eq "forty addresses" 40 "$(chaos list --json | jq '[.[].vifs[0].ip] | unique | length')"
for n in 1 17 40; do
    ip=$(chaos info many-$n --json | jq -r '.vifs[0].ip')
    check_match "many-$n answers" '20*Z' "$(nc -w 3 "$ip" 13 </dev/null)"
done
check "destroy" destroy_all

# A name that is taken: none is begun after it, all that were stay, and the next is made at once.
chaos create -q $guests/noop.cfg "name='x-5'"
check_status "the fifth fails" 8 chaos create -n 60 $guests/noop.cfg "name='x'" >made 2>err
check_match "the message says how many" "*x-5: *of 60 guests were created)" "$(cat err)"
made=$(grep -c running made)
check "what was under way is bounded: $made" test "$made" -ge 4 -a "$made" -le 20
check_eq "what is said to be made is there" $((made + 1)) "$(count)"
check "the next" chaos create -q -n 2 $guests/noop.cfg "name='y'"
check "destroy" destroy_all

# No memory: guests of 200 MiB until there is none.
check_status "the host is full" 7 chaos create -n 100 $guests/noop.cfg "name='big'" memory=200 >made 2>err
check_match "the message names one" "*big-*guests were created)" "$(cat err)"
check_eq "those that were made" "$(grep -c running made)" "$(count)"
check "destroy" destroy_all

# A client that is killed leaves what was under way, and nothing hangs.
chaos create -q -n 600 $guests/noop.cfg "name='gone'" &
eventually 10 sh -c '[ "$(chaos list --json | jq length)" -gt 10 ]'
kill -9 $!
wait $! || true
eventually 10 sh -c 'chaos list --json | jq -e "all(.state == \"running\")"'
before=$(count)
sleep 0.5
check_eq "no more are made" "$before" "$(count)"
check "not all were" test "$before" -lt 600
check "destroy" destroy_all
check_eq "none is left" '[]' "$(chaos list --json | jq -c .)"
