# shellcheck shell=bash
# A buildkitd without Docker, built from BuildKit's source in Go's module proxy. It has a cell, like an engine.

BUILDKIT_VERSION=v0.34.2
UPSTREAM_IMAGE=$REGISTRY_ADDRESS:5000/upstream-dockerfile:$BUILDKIT_VERSION
# dockerd allows plain HTTP to a whole network, buildkitd only to single ports. Tests may start registries on these.
mapfile -t BUILDKITD_HTTP_PORTS < <(seq 5001 5020)

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

# buildkitd_start: the lab treats it like the other engines: it has an address and a cell, and ends with them.
buildkitd_start() {
  local dir
  dir=$(engine_dir buildkitd)
  engine_path_fits "$dir/run/buildkitd.sock"
  if ! live_pid "$dir/pid" >/dev/null; then
    registry_start
    mkdir -p "$dir/buildkit" "$dir/config"
    echo buildkitd >"$dir/settings"
    engine_address buildkitd >"$dir/address"
    buildkitd_config >"$dir/config/buildkitd.toml"
    install -D -t "$LAB_ROOT/usr/local/bin" "$BUILDKIT_BIN/buildkitd"
    cell_start buildkitd "$dir" /usr/local/lib/larder-lab/joined "$REGISTRY_NETWORK.$(cat "$dir/address")" buildkitd
    engine_connect "$dir"
    wait_until 30 buildkitd_settled "$dir" || true
    if ! buildkitd_answers "$dir"; then
      tail -n 20 "$dir/log/cell.log" >&2
      cell_stop buildkitd "$dir"
      fail "buildkitd does not answer: its last lines are above, the rest is in $dir/log/cell.log"
    fi
  fi
  buildkitd_builder "unix://$dir/run/buildkitd.sock"
}

# The cell has only buildkitd on its network, so steps may share that.
buildkitd_config() {
  local port
  cat <<'EOF'
insecure-entitlements = ["security.insecure", "network.host"]
[grpc]
  address = ["unix:///run/buildkitd.sock"]
[worker.oci]
  snapshotter = "overlayfs"
  networkMode = "host"
EOF
  for port in 5000 "${BUILDKITD_HTTP_PORTS[@]}"; do
    printf '[registry."%s:%s"]\n  http = true\n' "$REGISTRY_ADDRESS" "$port"
  done
}

buildkitd_settled() { buildkitd_answers "$1" || ! live_pid "$1/pid" >/dev/null; }

buildkitd_answers() {
  [ -S "$1/run/buildkitd.sock" ] &&
    "$BUILDKIT_BIN/buildctl" --addr "unix://$1/run/buildkitd.sock" debug workers >/dev/null 2>&1
}

# buildkitd_builder ADDRESS: the builder "buildkitd" of the lab's docker client.
buildkitd_builder() {
  if "$LAB_DIR/bin/docker" buildx inspect buildkitd 2>/dev/null | grep -qxF "Endpoint:         $1"; then return; fi
  "$LAB_DIR/bin/docker" buildx rm buildkitd >/dev/null 2>&1 || true
  "$LAB_DIR/bin/docker" buildx create --name buildkitd --driver remote "$1" >/dev/null ||
    fail "the docker client of the lab takes no builder at $1"
}

# buildkit_upstream: makes a frontend image like docker/dockerfile.
buildkit_upstream() {
  local key log=$LAB_DIR/log/upstream-dockerfile
  key=$(stamp_key "$LAB_SRC/lib/buildkit.sh" "$LAB_SRC/images/upstream-dockerfile" "$UPSTREAM_IMAGE")
  if stamp_is image-upstream-dockerfile "$key"; then return; fi
  "$LAB_DIR/bin/docker" buildx build --builder buildkitd --progress=plain --provenance=false --push -t "$UPSTREAM_IMAGE" \
    --build-context "bin=$BUILDKIT_BIN" "$LAB_SRC/images/upstream-dockerfile" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "image upstream-dockerfile could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set image-upstream-dockerfile "$key"
  say "image $UPSTREAM_IMAGE"
}
