# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 300
# leaks: yes
# What a guest printed can be read when it is gone, whatever its end was, by its owner and root; of so many guests, and
# until chaos-iod ends.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
gone() { ! chaos info "$1"; }
is() { [ "$(chaos info "$1" --json | jq -r .state)" = "$2" ]; }

echo "-- destroyed"
check "create" chaos create -q $guests/daytime.cfg "name='web'"
before=$(chaos logs web)
check_match "while it runs" '*listening*' "$before"
chaos logs -f web >followed &
follower=$!
eventually 10 grep -q listening followed
check "destroy" chaos destroy web
check_eq "at once" "$before" "$(chaos logs web)"
check "who follows is at the end" wait $follower
check_eq "who followed has it all" "$before" "$(cat followed)"
check_eq "by chaos console" "$before" "$(chaos console --no-follow web)"
check_eq "and with follow" "$before" "$(chaos console web </dev/null 2>said)"
check_eq "without complaint" "" "$(cat said)"
check_eq "by JSON" web "$(chaos logs --json web | jq -r .guest)"
check_status "it is in no list" 10 chaos info web
check_status "nobody has that name" 10 chaos logs we

echo "-- a new guest of that name replaces it"
liar web leave
check "create" chaos create -q --no-wait web.cfg
eventually 20 gone web
after=$(chaos logs web)
check_match "powered off" '*no such lie: leave*' "$after"
case $after in *listening*) fail "the old one is still there" ;; esac

echo "-- it failed before it was ready"
liar fails die-before-ready
check_status "create" 16 chaos create -q fails.cfg 2>why
check_match "it says where to look" "*'chaos logs fails' shows*" "$(cat why)"
check "it can be looked at" chaos logs fails

echo "-- crashed"
liar crash null
check "create" chaos create -q --no-wait crash.cfg
eventually 20 is crash crashed
check_match "its last words" '*panic: page fault*' "$(chaos logs crash)"
check "its record is removed" chaos destroy crash
check_match "its last words" '*panic: page fault*' "$(chaos logs crash)"

echo "-- from the first byte"
check "create" chaos create -q $guests/daytime.cfg "name='web'"
before=$(chaos logs web)
check "destroy" chaos destroy web
chaos create -c -q $guests/daytime.cfg "name='web'" </dev/null >attached &
attached=$!
eventually 10 grep -q listening attached
check "destroy" chaos destroy web
check "its end is a good one" wait $attached
words() { sed 's/10\.77\.[0-9.]*/IP/; s/\[[ 0-9.]*\]//' "$@"; }
check_eq "all of it was shown" "$(echo "$before" | words)" "$(words attached)"
liar short leave
check_match "of one that ends at once" '*no such lie: leave*' "$(chaos create -c -q short.cfg </dev/null)"

echo "-- of so many"
check "many" chaos create -q -n 64 $guests/daytime.cfg "name='g'"
for i in $(seq 64); do echo "g-$i"; done | xargs chaos destroy --wait || fail "destroy"
check_status "the oldest are forgotten" 10 chaos logs web
check_match "the others are not" '*listening*' "$(chaos logs g-1)$(chaos logs g-64)"

echo "-- chaosd and chaos-iod end"
check "create" chaos create -q $guests/daytime.cfg "name='stays'"
kill -9 "$(pidof chaosd)"
eventually 20 sh -c '[ -z "$(pidof chaosd)" ]'
chaosd -d
check_match "who runs is not forgotten" '*listening*' "$(chaos logs stays)"
check_status "who is gone is" 10 chaos logs g-64
check "destroy" chaos destroy --wait stays
check_match "it is kept again" '*listening*' "$(chaos logs stays)"
old=$(pidof chaos-iod)
kill -9 "$old"
eventually 20 sh -c '! chaos logs stays'
check_status "nothing is left of it" 10 chaos logs stays
