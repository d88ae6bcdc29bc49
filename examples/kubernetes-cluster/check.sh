#!/bin/sh
# check.sh IMAGE: without a network, its cluster is Ready and runs a pod of the image in $POD.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

started=$(date +%s)
start_system
wait_for kubectl get node node
inside kubectl wait --for=condition=Ready node/node --timeout=60s
echo "Ready after $(($(date +%s) - started)) s"

wait_for kubectl get serviceaccount default
inside kubectl run check --image="$POD" --restart=Never -- echo "in a pod of $POD"
inside kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/check --timeout=60s
expect "in a pod of $POD" kubectl logs check
