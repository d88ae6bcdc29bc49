# shellcheck shell=bash
# Larder's own images, from frontend.Dockerfile.

frontend_build() {
  local key steps log=$LAB_DIR/log/frontend
  if [ ! -e "$REPOSITORY/frontend.Dockerfile" ]; then
    say "frontend: not built: there is no frontend.Dockerfile"
    return
  fi
  (cd "$REPOSITORY" && npm run --silent build) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "npm run build failed: its last lines are above (has npm ci been run?)"
  }
  key=$(stamp_key "$REPOSITORY/dist" "$REPOSITORY/src/attach" "$REPOSITORY/frontend.Dockerfile" \
    "$LAB_SRC/lib/frontend.sh" "$(cat "$LAB_DIR/stamps/image-larder-tools-forky")")
  if stamp_is frontend "$key"; then return; fi
  # The steps come first: the frontend names them by their digest.
  frontend_image steps "$REGISTRY/larder/dockerfile:steps"
  # buildx gives the digest of the config instead where the engine has a graph driver.
  steps=$("$LAB_DIR/bin/skopeo" inspect --tls-verify=false --no-tags --format '{{.Digest}}' \
    "docker://$REGISTRY/larder/dockerfile:steps") || fail "the registry has no image of the steps"
  frontend_image frontend "$REGISTRY/larder/dockerfile:1" --build-arg "LARDER_STEPS=$steps"
  stamp_set frontend "$key"
  say "frontend: $REGISTRY/larder/dockerfile:1"
}

# frontend_image TARGET REFERENCE OPTION...: builds and pushes one image.
frontend_image() {
  local target=$1 reference=$2 log=$LAB_DIR/log/frontend
  shift 2
  (cd "$REPOSITORY" && docker_client buildx build --progress=plain --provenance=false -f frontend.Dockerfile \
    --target "$target" \
    --build-context "tools=docker-image://$REGISTRY/larder-tools" --build-context bundle=dist \
    --build-arg "LARDER_INSECURE_REGISTRIES=$REGISTRY" "$@" -t "$reference" --push .) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "frontend.Dockerfile could not be built: the last lines are above, the rest is in $log"
  }
}
