#!/bin/sh
# check.sh IMAGE: its containerd has the kubelet's images (those that $IMAGES lists, if set), and a sandbox's process runs.
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
  # CRI only sees images with this label.
  k8s images ls "name==$reference" | grep -q 'io.cri-containerd.image=managed' || fail "CRI does not manage $reference"
  inside mkdir -p /tmp/rootfs
  said=$(k8s images mount "$reference" /tmp/rootfs 2>&1) || fail "the files of $reference are not there: $said"
  echo "$reference: $(inside find /tmp/rootfs -type f | wc -l) files"
  k8s images unmount --rm /tmp/rootfs >/dev/null
done

pause=$(echo "$listed" | grep '/pause:') || fail "there is no pause image, but: $(echo "$listed" | xargs)"
said=$(k8s run --detach --net-host "$pause" check 2>&1) || fail "$pause does not run: $said"
expect RUNNING ctr --namespace k8s.io tasks ls
