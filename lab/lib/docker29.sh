# shellcheck shell=bash
# A system image with Docker 29, which no suite of Debian has yet. Its Go module has other version numbers than Docker.

DOCKER29_VERSION=29.9.3 DOCKER29_MODULE=v2.0.0-beta.24 DOCKER29_CONTAINERD=v2.4.2
DOCKER29_SKIPPED=$LAB_DIR/docker29-skipped

docker29_build() {
  local moby=github.com/moby/moby/v2 containerd=github.com/containerd/containerd/v2
  go_install "$moby@$2" -tags 'exclude_graphdriver_btrfs exclude_graphdriver_zfs' \
    -ldflags "-s -w -X $moby/dockerversion.Version=$1" ./cmd/dockerd ./cmd/docker-proxy &&
    go_install "$containerd@$3" -tags 'no_btrfs no_devmapper no_zfs' \
      -ldflags "-s -w -X $containerd/version.Version=$3" ./cmd/containerd ./cmd/ctr ./cmd/containerd-shim-runc-v2
}

docker29_programs() {
  go_programs docker29 docker29_build "$DOCKER29_VERSION" "$DOCKER29_MODULE" "$DOCKER29_CONTAINERD"
}

# docker29_begin: does the work that takes minutes and does not need the lab.
docker29_begin() {
  rm -f "$DOCKER29_SKIPPED"
  if ! command -v go >/dev/null; then
    docker29_skip "there is no go in PATH"
  elif ! docker29_programs >/dev/null; then
    docker29_skip "it could not be built with $(go env GOVERSION): the reason is in $LAB_DIR/log/docker29"
  fi
}

# docker29_skipped: prints the reason if there is no Docker 29.
docker29_skipped() { cat "$DOCKER29_SKIPPED" 2>/dev/null || true; }

docker29_skip() {
  say "skipped: Docker 29: $1"
  echo "$1" >"$DOCKER29_SKIPPED"
}

docker29_image() {
  local key reference=$REGISTRY/docker:${DOCKER29_VERSION%.*} programs context log=$LAB_DIR/log/image-docker29 started=$SECONDS
  if [ -e "$DOCKER29_SKIPPED" ]; then return; fi
  programs=$(docker29_programs)
  key=$(stamp_key "$(tree_key forky)" "$LAB_SRC/lib/docker29.sh" "$LAB_SRC/images/shared" "$LAB_SRC/images/docker" \
    "$LAB_SRC/images/docker29" "${programs##*/}" "$REGISTRY")
  if stamp_is image-docker29 "$key"; then return; fi
  context=$(image_debs docker29 forky)
  docker_client buildx build --progress=plain --provenance=false --build-context "debs=$context" \
    --build-context "shared=$LAB_SRC/images/shared" --build-context "docker=$LAB_SRC/images/docker" \
    --build-context "programs=$programs" --build-arg "BASE=$REGISTRY/debian:forky" \
    -t "$reference" --push "$LAB_SRC/images/docker29" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "image ${reference##*/} could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set image-docker29 "$key"
  say "image ${reference##*/} on debian forky, $((SECONDS - started)) s"
}
