#!/bin/sh
# check.sh IMAGE: a node that is started as kind starts it has the images that $IMAGES lists, beside those of its base.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system_with --network none --volume /var --tmpfs /tmp --tmpfs /run
wait_for ctr version
for reference in $IMAGES; do kubernetes_image "$reference"; done
expect pause crictl images
