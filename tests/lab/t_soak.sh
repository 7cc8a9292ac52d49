# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: soak
# timeout: 86400
# leaks: yes
# 20,000 guests created, used and destroyed while either daemon is killed at random: no leak, no wrong state.
. "$LAB_LIB"

check "soak" /usr/lib/chaos/bench/soak --cycles 20000 --seed 1
