#!/bin/sh
# System packages of the gateway's probes: installed where this may be done (root and apt), else named.
# A probe whose package is missing says so and earns nothing; nothing here is needed for the tracker itself.
set -u
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need bwrap bubblewrap
need strace strace
need faketime faketime
need ip iproute2
need apparmor_parser apparmor
need checkmodule checkpolicy
need semodule_package semodule-utils
need systemd-analyze systemd
ls /usr/lib/*/libseccomp.so.2 /lib/*/libseccomp.so.2 >/dev/null 2>&1 || missing="$missing libseccomp2"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    log=$(mktemp)
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -3 "$log"
fi
echo "not installed:$missing"
echo "  The checks that need them will say so and earn no points. On Debian or Ubuntu: apt-get install$missing"
exit 0
