# shellcheck shell=sh source=tests/lab/lib.sh
# boot: xl
# tier: full
# timeout: 240
# leaks: yes
# A guest gives memory back and takes it back, as Xen sees it; it works on meanwhile, and a chaosd that is started anew
# knows what it has.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
memory_of() { chaos info "$1" --json | jq .memory_bytes; }
xen_mib() { xl list "$(chaos info "$1" --json | jq .domid)" | awk 'NR == 2 { print $3 }'; }
free_bytes() { chaos version --json | jq .chaosd.free_bytes; }

chaos pool set learn=0
chaos create $guests/daytime.cfg name=\'web\' memory=8 >/dev/null
ip=$(chaos info web --json | jq -r '.vifs[0].ip')
answers() { nc -w 2 "$ip" 13 </dev/null | grep -q Z; }
check_eq "as created" "8388608 8" "$(memory_of web) $(xen_mib web)"
before=$(free_bytes)

check "less" chaos mem-set web 4
check_eq "it has" "4194304 4" "$(memory_of web) $(xen_mib web)"
check_eq "list says so, too" 4194304 "$(chaos list --json | jq '.[0].memory_bytes')"
check "the host has it" test "$(free_bytes)" -ge $((before + 4194304))
check "it answers" answers
check "even less" chaos mem-set web 3
check "the same again" chaos mem-set web 3
check "a dump of it has holes" chaos dump-core web web.core
check_eq "and all of its size" $((8388608 + 4096)) "$(stat -c %s web.core)"
check "more" chaos mem-set web 6
check_eq "it has" "6291456 6" "$(memory_of web) $(xen_mib web)"
check "it answers" answers

# What Xen lets it have is what it has: memory that others may have got meanwhile is not its to take.
kill -9 "$(pidof chaosd)"
eventually 20 sh -c '[ -z "$(pidof chaosd)" ]'
check "the next chaosd" chaosd -d
check_eq "it knows" 6291456 "$(memory_of web)"
check "all" chaos mem-set web 8
check_eq "it has" "8388608 8" "$(memory_of web) $(xen_mib web)"
check "it answers" answers

check_status "more than it was created with" 3 chaos mem-set web 9 2>err
check_match "it says so" '*web: was created with 8 MiB*' "$(cat err)"
check_status "none" 2 chaos mem-set web 0
check_status "not a number" 2 chaos mem-set web 4M
check_status "no guest" 10 chaos mem-set other 4
chaos pause web
check_status "paused" 15 chaos mem-set web 4
chaos unpause web

# One that will not, and one that does not answer.
liar no refuse 'memory = 4'
liar busy spin 'memory = 4'
chaos create no.cfg >/dev/null
chaos create busy.cfg >/dev/null
eventually 20 sh -c 'chaos logs no | grep -q liar: && chaos logs busy | grep -q liar:'
check_status "it will not" 15 chaos mem-set no 2 2>err
check_match "it has all of it" '*refused*4096 KiB*' "$(cat err)"
check_status "it does not answer" 14 chaos mem-set busy 2 --timeout 1
check_eq "both have all" "4194304 4194304" "$(memory_of no) $(memory_of busy)"
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait
