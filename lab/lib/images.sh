# shellcheck shell=bash
# The images of the tests and examples, made from Debian's packages and pushed to the lab's registry.

docker_client() { "$LAB_DIR/bin/docker" "$@"; }

# image_debs NAME SUITE: downloads the packages in lab/images/NAME/packages, and prints their folder.
# Build steps of the lab have no access to the outside.
image_debs() {
  local tree cache context wanted packages=() plan file
  tree=$(tree_dir "$2") cache=$(debs_dir "$2") context=$LAB_DIR/cache/contexts/$1-$2
  # Some packages do not exist in every suite (docker-cli was part of docker.io once).
  read -ra wanted <"$LAB_SRC/images/$1/packages"
  for file in "${wanted[@]}"; do
    if in_tree "$tree" "$cache" apt-cache show "$file" >/dev/null 2>&1; then packages+=("$file"); fi
  done
  in_tree "$tree" "$cache" apt-get "${APT_OPTIONS[@]}" -y -d --no-install-recommends install "${packages[@]}" \
    >"$LAB_DIR/log/debs-$1-$2" 2>&1 ||
    fail "the packages of image $1 ($2) could not be downloaded: see $LAB_DIR/log/debs-$1-$2"
  plan=$(in_tree "$tree" "$cache" apt-get "${APT_OPTIONS[@]}" -s --no-install-recommends install "${packages[@]}")
  rm -rf "$context"
  mkdir -p "$context"
  # In file names of packages, apt escapes the colon of the version.
  sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*\[([a-z0-9]+)\]\).*/\1_\3_\4.deb/p' <<<"$plan" | sed 's/:/%3a/' |
    while read -r file; do ln -f "$cache/$file" "$context/$file"; done
  echo "$context"
}

# deb_version CONTEXT PACKAGE: major.minor of the downloaded package.
deb_version() {
  local file
  file=$(basename "$1/$2"_*.deb)
  sed -E 's/^[^_]*_([0-9]+%3a)?([0-9]+\.[0-9]+).*/\2/' <<<"$file"
}

# image_base SUITE
image_base() {
  local reference=$REGISTRY/debian:$1 key
  key=$(stamp_key "$(tree_key "$1")" "$reference")
  if stamp_is "image-debian-$1" "$key"; then return; fi
  {
    tree_tar "$(tree_dir "$1")" | docker_client import --change 'CMD ["bash"]' - "$reference" &&
      docker_client push -q "$reference"
  } >"$LAB_DIR/log/image-debian-$1" 2>&1 || fail "image debian:$1 could not be made: see $LAB_DIR/log/image-debian-$1"
  stamp_set "image-debian-$1" "$key"
  say "image debian:$1"
}

# image_build NAME SUITE VERSIONED-BY [TAG...]: the tags are the version of the package VERSIONED-BY, and TAGs.
image_build() {
  local name=$1 suite=$2 package=$3 key context version tag tags=() started=$SECONDS
  shift 3
  key=$(stamp_key "$(tree_key "$suite")" "$LAB_SRC/lib/images.sh" "$LAB_SRC/images/shared" "$LAB_SRC/images/$name" \
    "$REGISTRY" "$@")
  if stamp_is "image-$name-$suite" "$key"; then return; fi
  context=$(image_debs "$name" "$suite")
  version=$(deb_version "$context" "$package")
  for tag in "$version" "$@"; do tags+=(-t "$REGISTRY/$name:$tag"); done
  # With provenance, each image would be an index that contains the time of its build.
  docker_client buildx build --progress=plain --provenance=false --build-context "debs=$context" \
    --build-context "shared=$LAB_SRC/images/shared" \
    --build-arg "BASE=$REGISTRY/debian:$suite" "${tags[@]}" --push "$LAB_SRC/images/$name" \
    >"$LAB_DIR/log/image-$name-$suite" 2>&1 || {
    tail -n 20 "$LAB_DIR/log/image-$name-$suite" >&2
    fail "image $name on $suite could not be built: the last lines are above, the rest is in $LAB_DIR/log/image-$name-$suite"
  }
  echo "$version" >"$LAB_DIR/stamps/version-$name-$suite"
  stamp_set "image-$name-$suite" "$key"
  say "image $name:$version on debian $suite, $((SECONDS - started)) s"
}

image_version() { cat "$LAB_DIR/stamps/version-$1-$2"; }

images_forky() {
  image_base forky
  image_build larder-tools forky skopeo latest
  image_build docker forky docker.io latest
  image_build containerd forky containerd latest
  image_build busybox forky busybox-static 1 latest
  image_build pause forky busybox-static 3 latest
}

# Images on trixie share the layer of their base.
images_trixie() {
  image_base trixie
  image_build docker trixie docker.io
  image_build containerd trixie containerd
  image_build systemd-docker trixie docker.io latest
  image_build python trixie python3 3 latest
  image_build redis trixie redis-server latest
  image_build nginx trixie nginx latest
  arm64_image
}

images_bookworm() {
  image_base bookworm
  image_build docker bookworm docker.io
  image_build containerd bookworm containerd
}
