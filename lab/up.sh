#!/bin/bash
# Sets up the lab: engines, a registry, images, Larder's own image, and .lab/env for other programs to source.
set -euo pipefail
cd "$(dirname "$0")"
for part in common stamp package background cgroup cell registry engine client roots adopt images podman arm64 go docker29 \
  kubernetes chromium frontend env; do
  # shellcheck source=/dev/null
  . "lib/$part.sh"
done
started=$SECONDS
mkdir -p "$LAB_DIR/log" "$LAB_DIR/engines"
exec 8>"$LAB_DIR/up.lock"
flock -n 8 || { say "another lab:up is at work: waiting for it" && flock 8; }

host=$(adopt_find) || host=''
[ "$(id -u)" = 0 ] || fail "the lab needs root to unpack Debian's packages: run it as root"
case $(stat -fc %T "$LAB_DIR") in
  overlayfs) fail "$LAB_DIR is on overlayfs, where no engine can keep images: set LARDER_LAB_DIR to a folder on a volume" ;;
esac

in_background docker29 docker29_begin
in_background kubernetes kubernetes_begin
debootstrap_install
if root_outdated; then engines_stop; fi
in_background tree-trixie tree_build trixie
in_background tree-bookworm tree_build bookworm
tree_build forky
root_build

if [ -n "$host" ]; then
  adopt_start "$host"
  say "engine: $host, which allows security.insecure; registry $REGISTRY"
  engines=("DOCKER_HOST=$host" LARDER_LAB_ENGINES=adopted)
else
  rm -f "$LAB_DIR/adopted"
  clients_write
  containerd=$(./engine.sh start containerd)
  graph=$(./engine.sh start graph --store graph)
  REGISTRY=$REGISTRY_ADDRESS:5000
  say "engines: $containerd $graph; registry $REGISTRY"
  engines=("DOCKER_HOST=$containerd" "LARDER_LAB_DOCKER_HOST_GRAPH=$graph" LARDER_LAB_ENGINES=private)
  export DOCKER_HOST=$containerd
fi

background_wait tree-trixie tree-bookworm
in_background chromium chromium_build
for suite in forky trixie bookworm; do in_background "images-$suite" "images_$suite"; done
background_wait images-forky images-trixie images-bookworm
# With the systemd that knows version 2 of cgroups alone.
image_build systemd-docker forky docker.io
images_podman
background_wait
docker29_image
kubernetes_images

env_write "${engines[@]}" \
  "LARDER_LAB_DIR=$LAB_DIR" \
  "LARDER_LAB_DOCKER=$LAB_DIR/bin/docker" \
  "LARDER_LAB_SKOPEO=$LAB_DIR/bin/skopeo" \
  "LARDER_LAB_IN=$LAB_DIR/bin/in-lab" \
  "LARDER_LAB_REGISTRY=$REGISTRY" \
  "LARDER_LAB_SYSTEM=$REGISTRY/docker:$(image_version docker forky)" \
  "LARDER_LAB_SYSTEM_FORKY=$REGISTRY/docker:$(image_version docker forky)" \
  "LARDER_LAB_SYSTEM_TRIXIE=$REGISTRY/docker:$(image_version docker trixie)" \
  "LARDER_LAB_EMULATOR=$LAB_DIR/tools/emulator/qemu-aarch64" \
  "LARDER_LAB_SYSTEM_BOOKWORM=$REGISTRY/docker:$(image_version docker bookworm)" \
  "LARDER_LAB_DOCKER29_SKIPPED=$(docker29_skipped)" \
  "LARDER_LAB_KUBERNETES_SKIPPED=$(kubernetes_skipped)" \
  "LARDER_LAB_KIND=$(kubernetes_kind)" \
  "LARDER_LAB_CHROMIUM=$LAB_DIR/bin/chromium" \
  "LARDER_LAB_CHROMIUM_SKIPPED=$(chromium_skipped)" \
  "LARDER_IMAGE=$REGISTRY/larder/dockerfile:1"
frontend_build
say "up after $((SECONDS - started)) s: $LAB_DIR/env has what programs need"
