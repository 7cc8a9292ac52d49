#!/bin/sh
# Programs are position-independent, with read-only relocations bound at start. usage: hardening.sh FILE...
set -eu
status=0
for file; do
    headers=$(readelf -hld "$file")
    for want in 'Type: *DYN' 'GNU_RELRO' 'FLAGS.*\(NOW\|BIND_NOW\)'; do
        echo "$headers" | grep -q "$want" || { echo "$file: no $want"; status=1; }
    done
done
exit $status
