# shellcheck shell=bash
# Larder's own image, from frontend.Dockerfile.

frontend_build() {
  local key log=$LAB_DIR/log/frontend
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
  (cd "$REPOSITORY" && docker_client buildx build --progress=plain --provenance=false -f frontend.Dockerfile \
    --build-context "tools=docker-image://$REGISTRY/larder-tools" --build-context bundle=dist \
    --build-arg "LARDER_INSECURE_REGISTRIES=$REGISTRY" -t "$REGISTRY/larder/dockerfile:1" --push .) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "frontend.Dockerfile could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set frontend "$key"
  say "frontend: $REGISTRY/larder/dockerfile:1"
}
