#!/bin/sh
# Installs, builds, boots the lab (real Xen under emulation) and shows chaos at work there.
# As root on Debian 12, nothing else done first. Exits 0 only if the guest answered over TCP.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }

say "Installing packages, building, and booting Xen under emulation (a few minutes the first time)"
"$top/tests/lab/lab" run --icount --xl --copy "$top/scripts/demo-dom0.sh:/demo.sh" -- sh /demo.sh
