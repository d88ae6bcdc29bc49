#!/bin/sh
# check.sh IMAGE: its containerd has busybox, and runs it, without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system
wait_for ctr version
listed=$(inside ctr --namespace default images ls --quiet)
busybox=$(echo "$listed" | grep '/busybox:') || fail "containerd has no busybox, but: $(echo "$listed" | xargs)"
expect 'hello from busybox' ctr --namespace default run --rm --net-host "$busybox" check echo 'hello from busybox'
