# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 400
# Bad input: one line that says what and what to do, an exit code of its own, and nothing left.
. "$LAB_LIB"

guests=/usr/share/chaos/guests
noop=$guests/noop.cfg
nobody() { su -s /bin/sh nobody -c "$*"; }

# refused CODE PATTERN COMMAND...: its words match, it is one line, and no guest is left.
refused() {
    code=$1 pattern=$2
    shift 2
    got=0
    "$@" >out 2>err || got=$?
    [ "$got" = "$code" ] || fail "'$*' gave status $got, not $code: $(cat err)"
    check_match "'$*'" "$pattern" "$(cat err)"
    check_eq "'$*': lines" 1 "$(wc -l <err)"
    check_eq "'$*': output" "" "$(cat out)"
    check_eq "'$*': guests" "$before" "$(chaos list --json | jq -c 'map(.name)')"
}
before='[]'

refused 4 '*no/such*' chaos create $noop kernel=\'/no/such\'
refused 4 '*' chaos create $noop kernel=\'/tmp\'
refused 5 '*ELF*' chaos create $noop kernel=\'/etc/passwd\'
refused 5 '*PVH*' chaos create $noop kernel=\'$guests/tests/nopvh\'
refused 6 '*noxs*' chaos create $noop kernel=\'$guests/tests/abi2\'
refused 6 '*noxs*' chaos create $noop kernel=\'$guests/tests/nonoxs\'
refused 7 '*MiB*' chaos create $noop memory=3000
refused 17 '*limit memory*' chaos create $noop memory=100000
refused 19 '*vcpus*' chaos create $noop vcpus=2
refused 3 '*10.78.0.9*' chaos create $noop "vif=['ip=10.78.0.9']"
refused 14 '*500 ms*' chaos create --timeout 0.5 $noop kernel=\'$guests/tests/liar\' memory=2 cmdline=\'never-ready\'
refused 16 '*crashed*' chaos create $noop kernel=\'$guests/tests/liar\' memory=2 cmdline=\'die-before-ready\'
refused 16 '*code 7*' chaos create $noop kernel=\'$guests/tests/liar\' memory=2 cmdline=\'exit-before-ready\'
refused 10 '*nosuch*' chaos info nosuch
refused 10 '*nosuch*' chaos destroy nosuch
refused 3 '*no-such-br*' chaos create $noop "vif=['bridge=no-such-br']"

check "a guest" chaos create $guests/daytime.cfg name=\'a\' "vif=['ip=10.77.9.9,mac=00:16:3e:01:02:03']" -p 8080:13
before='["a"]'
refused 8 '*a guest of that name exists*' chaos create $noop name=\'a\'
refused 9 '*10.77.9.9*' chaos create $noop name=\'b\' "vif=['ip=10.77.9.9']"
refused 9 '*00:16:3e:01:02:03*' chaos create $noop name=\'b\' "vif=['mac=00:16:3e:01:02:03']"
refused 9 '*8080*' chaos create $noop name=\'b\' "vif=['']" -p 8080:80
refused 11 '*permission*' nobody chaos info a
refused 12 '*not running*' env CHAOS_SOCKET=/run/none.sock chaos list
check_eq "the guest did not notice" running "$(chaos info a --json | jq -r .state)"
check "destroy" chaos destroy --wait a
before='[]'

# chaosd itself.
refused 8 '*another chaosd*' chaosd
refused 8 '*another chaosd*' chaosd -d
refused 8 '*another chaosd*' chaosd --socket /run/chaos/b.sock
refused 4 '*no-such.conf*' chaosd --config /no-such.conf
echo 'color = red' >bad.conf
refused 3 '*bad.conf:1*color*' chaosd --config bad.conf
refused 13 '*Xen*' unshare -m sh -c 'mount -t tmpfs none /dev/xen && mount -t tmpfs none /proc/xen && exec chaosd --socket /tmp/test/run/c.sock'
refused 13 '*Xen*' unshare -m sh -c 'mount -t tmpfs none /dev/xen && mount -t tmpfs none /proc/xen && exec chaosd -d --socket /tmp/test/run/c.sock'
check_eq "no socket is left" "state.lock" "$(ls run)"
