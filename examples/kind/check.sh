#!/bin/sh
# check.sh IMAGE: a node that is started as kind starts it has the images that $IMAGES lists, beside those of its base.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

run_flags="--volume /var --tmpfs /tmp --tmpfs /run"
start_system
wait_for ctr version
for reference in $IMAGES; do kubernetes_image "$reference"; done
expect pause crictl images
