#!/bin/bash
# Sets up the lab: a private Docker engine for each image store, a registry, images, and .lab/env.
set -euo pipefail
cd "$(dirname "$0")"
for part in common stamp package cgroup cell registry engine client roots images frontend env; do
  # shellcheck source=/dev/null
  . "lib/$part.sh"
done
started=$SECONDS
[ "$(id -u)" = 0 ] || fail "a private engine needs root: run it as root, or let DOCKER_HOST name an engine that allows security.insecure"
mkdir -p "$LAB_DIR/log" "$LAB_DIR/engines"
exec 8>"$LAB_DIR/up.lock"
flock -n 8 || { say "another lab:up is at work: waiting for it" && flock 8; }

debootstrap_install
for suite in trixie bookworm; do (tree_build "$suite") & trees+=($!); done
tree_build forky
root_build
clients_write
(exec 9>"$LAB_DIR/lock" && flock 9 && registry_start)
./engine.sh start containerd >/dev/null
./engine.sh start graph --store graph >/dev/null
REGISTRY=$REGISTRY_ADDRESS:5000
image_base forky
image_build larder-tools forky nodejs latest
image_build busybox forky busybox-static 1 latest
image_build docker forky docker.io latest
for tree in "${trees[@]}"; do wait "$tree"; done
image_base trixie
image_build docker trixie docker.io
image_build python trixie python3 3 latest
image_build redis trixie redis-server latest
image_build nginx trixie nginx latest
image_base bookworm
image_build docker bookworm docker.io

system=$REGISTRY/docker
env_write \
  "DOCKER_HOST=unix://$LAB_DIR/engines/containerd/run/docker.sock" \
  "LARDER_LAB_DOCKER_HOST_GRAPH=unix://$LAB_DIR/engines/graph/run/docker.sock" \
  "LARDER_LAB_ENGINES=private" \
  "LARDER_LAB_DIR=$LAB_DIR" \
  "LARDER_LAB_DOCKER=$LAB_DIR/bin/docker" \
  "LARDER_LAB_SKOPEO=$LAB_DIR/bin/skopeo" \
  "LARDER_LAB_IN=$LAB_DIR/bin/in-lab" \
  "LARDER_LAB_REGISTRY=$REGISTRY" \
  "LARDER_LAB_SYSTEM=$system:$(image_version docker forky)" \
  "LARDER_LAB_SYSTEM_FORKY=$system:$(image_version docker forky)" \
  "LARDER_LAB_SYSTEM_TRIXIE=$system:$(image_version docker trixie)" \
  "LARDER_LAB_SYSTEM_BOOKWORM=$system:$(image_version docker bookworm)" \
  "LARDER_IMAGE=$REGISTRY/larder/dockerfile:1"
frontend_build
say "up after $((SECONDS - started)) s; . $LAB_DIR/env"
