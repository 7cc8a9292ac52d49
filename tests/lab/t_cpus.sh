# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: full
# timeout: 600
# cpus is hard affinity, as Xen's own tool sees it: cold, from a loaded shell, later by vcpu-pin, and when chaosd has died. With one CPU
# there is nothing to tell apart. No guest here computes, so two do no harm to dom0's programs (docs/testing.md).
. "$LAB_LIB"

cat >in_dom0 <<'D'
. /lab/lib.sh

noop=/usr/share/chaos/guests/noop.cfg
# affinity GUEST: the CPUs that it may run on.
affinity() { xl vcpu-list "$(chaos info "$1" --json | jq .domid)" | awk 'NR == 2 { print $7 }'; }
# path ARG...: by which path a guest was created.
path() { chaos create --json --timing $noop "$@" | jq -r .path; }
holds() { [ "$(chaos pool --json | jq '.flavours[0].ready')" = 2 ]; }

chaos pool set learn=2
check_eq "none is known" "cold: no shell of this flavour" "$(path "name='any'")"
check_eq "nothing was asked for" all "$(affinity any)"
check_eq "cold when asked for" "cold: asked for" "$(path --cold "name='first'" "cpus='0'")"
check_eq "one CPU" 0 "$(affinity first)"
check_eq "cold when asked for" "cold: asked for" "$(path --cold "name='last'" "cpus='all,^0'")"
check_eq "all but one" 1 "$(affinity last)"

eventually 20 holds
check_eq "a shell fits" loaded "$(path "name='second'" "cpus=['1']")"
check_eq "of a shell" 1 "$(affinity second)"
eventually 20 holds
check_eq "the next is not bound" loaded "$(path "name='third'")"
check_eq "what was asked for another" all "$(affinity third)"
check_eq "all" loaded "$(path "name='fourth'" "cpus='all'")"
check_eq "every CPU" all "$(affinity fourth)"

eventually 20 holds
before=$(chaos pool --json | jq '.flavours[0].built')
check_status "a CPU that is not there" 3 chaos create $noop "name='x'" "cpus='0-2'" 2>err
check_match "it is named" '*x: cpus: the host has no CPU 2, its last is CPU 1*' "$(cat err)"
check_status "none left" 3 chaos create $noop "name='x'" "cpus='all,^0-1'" 2>err
check_match "it says so" '*x: cpus: no CPU of the host is left*' "$(cat err)"
holds || fail "a refusal took a shell"
check_eq "no shell was built anew" "$before" "$(chaos pool --json | jq '.flavours[0].built')"

# And later.
check "another CPU" chaos vcpu-pin any 0 1
check_eq "it is bound" 1 "$(affinity any)"
check "but one" chaos vcpu-pin any all all,^1
check_eq "it is bound to the other" 0 "$(affinity any)"
check_status "a CPU that is not there" 3 chaos vcpu-pin any 0 0-2 2>err
check_match "it is named" '*any: cpus: the host has no CPU 2, its last is CPU 1*' "$(cat err)"
check_status "no such vCPU" 10 chaos vcpu-pin any 1 0
check_status "not CPUs" 3 chaos vcpu-pin any 0 first
check_eq "nothing has changed" 0 "$(affinity any)"
check "all" chaos vcpu-pin any all all
check_eq "it may run anywhere" all "$(affinity any)"

kill -9 "$(pidof chaosd)"
eventually 20 sh -c '[ -z "$(pidof chaosd)" ]'
check "the next chaosd" chaosd -d
check_eq "it is kept" 1 "$(affinity second)"
chaos list --json | jq -r '.[].name' | xargs chaos destroy --wait
D
check "with two CPUs" "$LAB" run --cpus 2 --xl --timeout 300 --copy "$LAB_LIB:/lab/lib.sh" --copy "$PWD/in_dom0:/lab/in_dom0" -- \
    sh -eu /lab/in_dom0
