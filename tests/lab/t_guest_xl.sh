# shellcheck shell=sh source=tests/lab/lib.sh
# boot: xl
# tier: full
# timeout: 120
# The same noop image under xl: no noxs page there, so no devices; it idles and does not die.
. "$LAB_LIB"

cat >noop.cfg <<C
name = "plain"
type = "pvh"
kernel = "/usr/share/chaos/guests/noop"
memory = 1
shadow_memory = 1
C
check "xl create" xl create noop.cfg
sleep 3
check_match "blocked, not crashed" '*-b----*' "$(xl list plain | tail -n 1)"
check "xl destroy" xl destroy plain
