#!/bin/sh
# check.sh IMAGE: its containerd has the images (those that $IMAGES lists, if set) as a kubelet wants them, and its pod is
# Ready without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

# The kubelet uses this namespace.
k8s() { inside ctr --namespace k8s.io "$@"; }

start_system
wait_for ctr version
# Each image is listed by tag, by digest and by ID.
listed=$(k8s images ls --quiet | grep -v -e '@' -e '^sha256:') || fail "its containerd has no images"
for reference in ${IMAGES:-}; do
  echo "$listed" | grep -qxF "$reference" || fail "containerd has no $reference, but: $(echo "$listed" | xargs)"
done

for reference in $listed; do
  # CRI sees only images with the first label, and the kubelet's garbage collection spares those with the second.
  for label in image=managed pinned=pinned; do
    k8s images ls "name==$reference" | grep -q "io.cri-containerd.$label" || fail "$reference has no label $label"
  done
  inside mkdir -p /tmp/rootfs
  said=$(k8s images mount "$reference" /tmp/rootfs 2>&1) || fail "the files of $reference are not there: $said"
  echo "$reference: $(inside find /tmp/rootfs -type f | wc -l) files"
  k8s images unmount --rm /tmp/rootfs >/dev/null
done

# The kubelet's list of pods, in JSON.
pods='exec 3<>/dev/tcp/127.0.0.1/10255 && printf "GET /pods HTTP/1.0\r\n\r\n" >&3 && cat <&3'
wait_for bash -c "$pods | grep -E '\"type\":\"Ready\",[^}]*\"status\":\"True\"'"
echo "the pod is Ready"
