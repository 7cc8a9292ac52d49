# shellcheck shell=sh source=tests/lab/lib.sh
# boot: xl
# tier: full
# With --xl, xenstored and xenconsoled run and xl works.
. "$LAB_LIB"

check "xenstored" pidof xenstored
check "xenconsoled" pidof xenconsoled
check_match "xl lists dom0" '*Domain-0 *' "$(xl list)"
check_eq "the store answers" 0 "$(xenstore-read domid)"
