# shellcheck shell=bash
# A system image for another kind of machine, and the emulator that runs its programs here.

# arm64_packages: downloads the packages in lab/images/docker-arm64, with their dependencies.
arm64_packages() {
  local tree cache wanted
  tree=$(tree_dir trixie) cache=$(debs_dir trixie-arm64)
  read -ra wanted <"$LAB_SRC/images/docker-arm64/packages"
  find "$cache" -mindepth 1 -delete
  # With an empty state, apt takes no package for installed.
  # shellcheck disable=SC2016
  in_tree "$tree" "$cache" sh -euc '
    state=/var/cache/apt/archives/state
    mkdir -p "$state/lists/partial"
    apt() {
      apt-get "$@" -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o Dir::State=$state -o Dir::State::status=/dev/null
    }
    apt -q update
    apt -q -y -d --no-install-recommends install "$@"
    rm -r "$state"' sh "${APT_OPTIONS[@]}" "${wanted[@]}"
}

# arm64_emulator: keeps one program of its package.
arm64_emulator() {
  local dir=$LAB_DIR/tools/emulator
  rm -rf "$dir"
  mkdir -p "$dir"
  in_tree "$(tree_dir trixie)" "$dir" sh -euc '
    cd /var/cache/apt/archives
    apt-get "$@" download qemu-user
    dpkg-deb --fsys-tarfile qemu-user_*.deb | tar -x --strip-components=3 ./usr/bin/qemu-aarch64
    rm qemu-user_*.deb' sh "${APT_OPTIONS[@]}"
}

# arm64_image: only made on amd64, and from a mirror with arm64.
arm64_image() {
  local key reference=$REGISTRY/docker:26.1-arm64 log=$LAB_DIR/log/image-docker-arm64 started=$SECONDS
  key=$(stamp_key "$(tree_key trixie)" "$LAB_SRC/lib/arm64.sh" "$LAB_SRC/images/shared" \
    "$LAB_SRC/images/docker" "$LAB_SRC/images/docker-arm64" "$REGISTRY")
  if [ "$(uname -m)" != x86_64 ] || stamp_is image-docker-arm64 "$key"; then return; fi
  {
    arm64_emulator && arm64_packages && docker_client buildx build --progress=plain --provenance=false \
      --platform linux/arm64 --build-context "debs=$(debs_dir trixie-arm64)" \
      --build-context "shared=$LAB_SRC/images/shared" --build-context "docker=$LAB_SRC/images/docker" \
      --build-arg "NATIVE=$REGISTRY/debian:trixie" -t "$reference" --push "$LAB_SRC/images/docker-arm64"
  } >"$log" 2>&1 || {
    rm -rf "$LAB_DIR/tools/emulator"
    say "image $reference could not be made, so its tests are skipped: the reason is in $log"
    return 0
  }
  stamp_set image-docker-arm64 "$key"
  say "image docker:26.1-arm64 on debian trixie, $((SECONDS - started)) s"
}
