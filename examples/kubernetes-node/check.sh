#!/bin/sh
# check.sh IMAGE: its containerd has the images (those that $IMAGES lists, if set) as a kubelet wants them, and its pod is
# Ready without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system
wait_for ctr version
# Each image is listed by tag, by digest and by ID.
listed=$(inside ctr --namespace k8s.io images ls --quiet | grep -v -e '@' -e '^sha256:') || fail "its containerd has no images"
for reference in ${IMAGES:-}; do
  echo "$listed" | grep -qxF "$reference" || fail "containerd has no $reference, but: $(echo "$listed" | xargs)"
done
for reference in $listed; do kubernetes_image "$reference"; done

# The kubelet's list of pods, in JSON.
pods='exec 3<>/dev/tcp/127.0.0.1/10255 && printf "GET /pods HTTP/1.0\r\n\r\n" >&3 && cat <&3'
wait_for bash -c "$pods | grep -E '\"type\":\"Ready\",[^}]*\"status\":\"True\"'"
echo "the pod is Ready"
