# shellcheck shell=sh source=tests/lab/lib.sh
# boot: normal
# tier: quick
# timeout: 180
# Shells are built ahead, none of them runs before its create, and a guest made of one is like any other.
. "$LAB_LIB"

image=/usr/share/chaos/guests/daytime
config=$image.cfg

# flavour IMAGE MEMBER: of the flavour with this image.
flavour() { chaos pool --json | jq -r --arg image "$1" ".flavours[] | select(.image == \$image) | .$2"; }
holds() { [ "$(flavour "$1" ready)" = "$2" ]; }
# path ARG...: by which path a guest was created.
path() { chaos create --json --timing "$@" | jq -r .path; }
answers() { check_match "daytime of $1" '20*Z' "$(nc -w 3 "$(chaos info "$1" --json | jq -r '.vifs[0].ip')" 13 </dev/null)"; }

chaos pool set learn=2
check_eq "nothing is known" "cold: no shell of this flavour" "$(path $config "name='first'")"
eventually 10 holds $image 2
check_eq "no instruction of a shell has run" 0 "$(flavour $image cpu_ns)"
check_eq "nobody sees them" '["first"]' "$(chaos list --json | jq -c 'map(.name)')"

check_eq "a shell fits" loaded "$(path $config "name='second'")"
answers first
answers second
check_eq "a hit" 1 "$(flavour $image hits)"
eventually 10 holds $image 2
check_eq "still none has run" 0 "$(flavour $image cpu_ns)"

check_eq "an address is honoured" "cold: mac or ip is given" "$(path $config "name='placed'" "vif=['ip=10.77.9.9']")"
check_eq "the address" 10.77.9.9 "$(chaos info placed --json | jq -r '.vifs[0].ip')"
answers placed
check_eq "cold when asked for" "cold: asked for" "$(path $config "name='cold'" --cold)"
chaos destroy first second placed cold

echo "-- an image that is replaced"
cp /usr/share/chaos/guests/noop ./noop
chaos create -q /usr/share/chaos/guests/noop.cfg "name='old'" "kernel='$PWD/noop'"
eventually 10 holds "$PWD/noop" 2
cp ./noop ./other && mv ./other ./noop
check_eq "an old shell serves no new file" "cold: no shell of this flavour" \
    "$(path /usr/share/chaos/guests/noop.cfg "name='new'" "kernel='$PWD/noop'")"
chaos destroy old new

echo "-- chaos-iod dies"
kill -9 "$(pidof chaos-iod)"
# Its shells are attached again, in their turn.
serves_again() {
    [ "$(path $config "name='after'")" = loaded ] || { chaos destroy --wait after; return 1; }
}
eventually 20 serves_again
answers after
chaos destroy after

echo "-- settings"
chaos pool set learn=0
check_eq "nothing is kept" 0 "$(chaos pool --json | jq .held_bytes)"
chaos pool set memory=2 nics=1 target=3
eventually 10 sh -c 'chaos pool --json | jq -e ".flavours[0].ready == 3"'
check_eq "an empty shell fits as well" shell "$(path $config "name='empty'" "cmdline='x y'")"
answers empty
chaos destroy empty
check_status "a setting that is none" 3 chaos pool set memory=2 colour=red
chaos pool set memory=2 nics=1 target=0
check_eq "and none is left" '[]' "$(chaos pool --json | jq -c .flavours)"
