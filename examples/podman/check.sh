#!/bin/sh
# check.sh IMAGE: its Podman has busybox, and runs it, without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system
listed=$(inside podman images --format '{{.Repository}}:{{.Tag}}') || fail "podman images failed"
busybox=$(echo "$listed" | grep '/busybox:') || fail "Podman has no busybox, but: $(echo "$listed" | xargs)"
expect 'hello from busybox' podman run --rm --network none "$busybox" echo 'hello from busybox'
