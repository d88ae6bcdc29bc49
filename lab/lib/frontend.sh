# shellcheck shell=bash
# Larder's own image, from frontend.Dockerfile.

frontend_build() {
  local key log=$lab_dir/log/frontend
  if [ ! -e "$repository/frontend.Dockerfile" ]; then
    say "frontend: not built: there is no frontend.Dockerfile"
    return
  fi
  (cd "$repository" && npm run --silent build) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "npm run build failed: its last lines are above (has npm ci been run?)"
  }
  key=$(stamp_key "$repository/dist" "$repository/src/attach" "$repository/frontend.Dockerfile" \
    "$lab_src/lib/frontend.sh" "$(cat "$lab_dir/stamps/image-larder-tools-forky")")
  if stamp_is frontend "$key"; then return; fi
  (cd "$repository" && docker_client buildx build --progress=plain --provenance=false -f frontend.Dockerfile \
    --build-context "tools=docker-image://$registry/larder-tools" --build-context bundle=dist \
    --build-arg "LARDER_INSECURE_REGISTRIES=$registry" -t "$registry/larder/dockerfile:1" --push .) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "frontend.Dockerfile could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set frontend "$key"
  say "frontend: $registry/larder/dockerfile:1"
}
