# shellcheck shell=sh source=tests/lab/lib.sh
# boot: icount
# tier: full
# timeout: 900
# leaks: yes
# A short one of t_soak.sh, with a kill in every second cycle.
. "$LAB_LIB"

check "soak" /usr/lib/chaos/bench/soak --cycles 150 --kill 50 --seed 2
