# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# With --asan, a sanitizer report of any process in dom0 reaches the caller and fails a run that succeeded.
. "$LAB_LIB"

mkdir -p stage/usr/bin
export CHAOS_STAGE="$PWD/stage"
printf '%s\n' '#include <stdlib.h>' 'int main(int n, char **a) { volatile char *p = malloc(4); return a[n - 1] && n > 1 ? p[n + 2] : 0; }' >bad.c
check "compile" gcc -g -fsanitize=address,undefined -o stage/usr/bin/bad bad.c

check_status "a report" 99 "$LAB" run --asan -- sh -c 'bad 1 & wait; echo went on' >out 2>err
check_eq "the output" "went on" "$(cat out)"
check_match "the report" '*AddressSanitizer: heap-buffer-overflow*bad.c:2*' "$(cat err)"
check_status "a failure keeps its status" 3 "$LAB" run --asan -- sh -c 'bad 1; exit 3' 2>/dev/null
