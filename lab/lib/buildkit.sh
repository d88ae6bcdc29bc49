# shellcheck shell=bash
# A buildkitd without Docker, from BuildKit's own source by Go's package proxy, in a cell as an engine has one.

BUILDKIT_NEWEST=v0.34.2
BUILDKIT_VERSION=${LARDER_BUILDKIT_VERSION:-$BUILDKIT_NEWEST}
# The builder and its cell. Each version has caches of its own.
BUILDKITD_NAME=buildkitd
if [ "$BUILDKIT_VERSION" != "$BUILDKIT_NEWEST" ]; then BUILDKITD_NAME+=-${BUILDKIT_VERSION//./-}; fi
# Whether it has the source of single blobs, which came with 0.28.
export BUILDKITD_BLOBS=yes
printf '%s\n' v0.28.0 "$BUILDKIT_VERSION" | sort --version-sort --check=quiet || BUILDKITD_BLOBS=no
UPSTREAM_IMAGE=$REGISTRY_ADDRESS:5000/upstream-dockerfile:$BUILDKIT_VERSION
# dockerd allows plain HTTP to a whole network, buildkitd to each registry by its port: tests may start some of these.
mapfile -t BUILDKITD_HTTP_PORTS < <(seq 5001 5020)
BUILDKITD_TLS_PORT=5021
BUILDKITD_MIRRORED=mirrored.example

# buildkit_install: sets $BUILDKIT_BIN.
buildkit_install() {
  BUILDKIT_BIN=$(go_programs buildkit buildkit_build "$BUILDKIT_VERSION") || {
    tail -n 20 "$LAB_DIR/log/buildkit" >&2
    fail "buildkit $BUILDKIT_VERSION could not be built with $(go version): the last lines are above, the rest is in $LAB_DIR/log/buildkit"
  }
}

buildkit_build() {
  go_install "github.com/moby/buildkit@$1" -ldflags "-s -w -X github.com/moby/buildkit/version.Version=$1" \
    ./cmd/buildkitd ./cmd/buildctl ./frontend/dockerfile/cmd/dockerfile-frontend
}

# buildkitd_start NAME [COMMAND...]: it is an engine like the others to the lab: one address, one cell, ended with them.
# COMMAND runs buildkitd.
buildkitd_start() {
  local name=$1 dir
  shift
  dir=$(engine_dir "$name")
  engine_path_fits "$(buildkitd_socket "$name")"
  if ! live_pid "$dir/pid" >/dev/null; then
    registry_start
    mkdir -p "$dir/buildkit" "$dir/config"
    echo buildkitd >"$dir/settings"
    engine_address "$name" >"$dir/address"
    buildkitd_config >"$dir/config/buildkitd.toml"
    cp "$LAB_SRC/../test/errors/certificates/ca.pem" "$dir/config/"
    LARDER_LAB_PROGRAMS=$(cell_programs "$BUILDKIT_BIN") \
      cell_start "$name" "$dir" /usr/local/lib/larder-lab/joined "$REGISTRY_NETWORK.$(cat "$dir/address")" \
      "$@" buildkitd --config /etc/buildkit/buildkitd.toml --root /var/lib/buildkit
    engine_connect "$dir"
    wait_until 30 buildkitd_settled "$name" || true
    if ! buildkitd_answers "$name"; then
      tail -n 20 "$dir/log/cell.log" >&2
      cell_stop "$name" "$dir"
      fail "$name does not answer: its last lines are above, the rest is in $dir/log/cell.log"
    fi
  fi
  buildkitd_builder "$name" "unix://$(buildkitd_socket "$name")"
}

buildkitd_socket() { echo "$(engine_dir "$1")/run/buildkit/buildkitd.sock"; }

# The cell has nothing but buildkitd on its network: the steps may share that.
buildkitd_config() {
  local port
  cat <<EOF
insecure-entitlements = ["security.insecure", "network.host"]
[grpc]
  address = ["unix:///run/buildkit/buildkitd.sock"]
[worker.oci]
  snapshotter = "overlayfs"
  networkMode = "host"
# A registry that this builder alone reaches, by a mirror, and one whose certificate this builder alone knows.
[registry."$BUILDKITD_MIRRORED"]
  mirrors = ["$REGISTRY_ADDRESS:5000"]
[registry."$REGISTRY_ADDRESS:$BUILDKITD_TLS_PORT"]
  ca = ["/etc/buildkit/ca.pem"]
EOF
  for port in 5000 "${BUILDKITD_HTTP_PORTS[@]}"; do
    printf '[registry."%s:%s"]\n  http = true\n' "$REGISTRY_ADDRESS" "$port"
  done
}

buildkitd_settled() { buildkitd_answers "$1" || ! live_pid "$(engine_dir "$1")/pid" >/dev/null; }

buildkitd_answers() {
  [ -S "$(buildkitd_socket "$1")" ] &&
    "$BUILDKIT_BIN/buildctl" --addr "unix://$(buildkitd_socket "$1")" debug workers >/dev/null 2>&1
}

# buildkitd_builder NAME ADDRESS: a builder of this name for the lab's docker client.
buildkitd_builder() {
  if "$LAB_DIR/bin/docker" buildx inspect "$1" 2>/dev/null | grep -qxF "Endpoint:         $2"; then return; fi
  "$LAB_DIR/bin/docker" buildx rm "$1" >/dev/null 2>&1 || true
  "$LAB_DIR/bin/docker" buildx create --name "$1" --driver remote "$2" >/dev/null ||
    fail "the docker client of the lab takes no builder at $2"
}

# buildkit_upstream: a frontend image as docker/dockerfile is one.
buildkit_upstream() {
  local key log=$LAB_DIR/log/upstream-dockerfile
  key=$(stamp_key "$LAB_SRC/lib/buildkit.sh" "$LAB_SRC/images/upstream-dockerfile" "$UPSTREAM_IMAGE")
  if stamp_is "image-upstream-dockerfile-$BUILDKIT_VERSION" "$key"; then return; fi
  "$LAB_DIR/bin/docker" buildx build --builder "$BUILDKITD_NAME" --progress=plain --provenance=false --push -t "$UPSTREAM_IMAGE" \
    --build-context "bin=$BUILDKIT_BIN" "$LAB_SRC/images/upstream-dockerfile" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "image upstream-dockerfile could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set "image-upstream-dockerfile-$BUILDKIT_VERSION" "$key"
  say "image $UPSTREAM_IMAGE"
}
