# shellcheck shell=bash
# Trees of files from Debian's packages: a small one for each suite, and the lab's root with the engine in it.

KEYRING=usr/share/keyrings/debian-archive-keyring.gpg
mirror=${LARDER_DEBIAN_MIRROR:-http://deb.debian.org/debian}
root_packages=(docker.io docker-cli docker-buildx containerd runc iptables docker-registry skopeo
  iproute2 jq rsync git ca-certificates rootlesskit uidmap)

# in_tree TREE DEBS COMMAND...: COMMAND by chroot, with /proc, the machine's resolver, and DEBS as apt's cache.
# The mounts are in a namespace that ends with it.
in_tree() {
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child sh -euc '
    tree=$1 debs=$2
    shift 2
    mount -t proc proc "$tree/proc"
    mount --bind "$debs" "$tree/var/cache/apt/archives"
    mount --bind /etc/resolv.conf "$tree/etc/resolv.conf"
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive
    exec chroot "$tree" "$@"' sh "$@"
}

# debootstrap does not ask whether a Release file has expired, so neither does apt: a mirror may be a snapshot.
APT_OPTIONS=(-q -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root -o Acquire::Retries=3)

debs_dir() { mkdir -p "$LAB_DIR/cache/debs/$1/partial" && echo "$LAB_DIR/cache/debs/$1"; }

tree_dir() { echo "$LAB_DIR/trees/$1"; }

tree_key() { stamp_key "$LAB_SRC/lib/roots.sh" "$mirror" "$1"; }

# tree_build SUITE: in a shell of its own, so that its lock ends with it.
tree_build() (
  local suite=$1 dir key log=$LAB_DIR/log/tree-$1 lock
  dir=$(tree_dir "$suite") key=$(tree_key "$1")
  exec {lock}>"$LAB_DIR/tree-$suite.lock"
  flock "$lock"
  if stamp_is "tree-$suite" "$key"; then exit; fi
  if ! tree_bootstrap "$suite" "$(keyring)" >"$log" 2>&1; then
    # The keyring of an older machine knows bookworm's keys at least, and bookworm's own keyring those of the others.
    if [ "$suite" != bookworm ] && grep -q 'signed by unknown key' "$log"; then
      tree_build bookworm
      tree_bootstrap "$suite" "$(tree_dir bookworm)/$KEYRING" >"$log" 2>&1 || tree_failed "$suite"
    else
      tree_failed "$suite"
    fi
  fi
  tree_trim "$dir"
  in_tree "$dir" "$(debs_dir "$suite")" apt-get "${APT_OPTIONS[@]}" update >>"$log" 2>&1 || tree_failed "$suite"
  stamp_set "tree-$suite" "$key"
  say "debian $suite: $(cat "$dir/etc/debian_version"), $(du -sm "$dir" | cut -f 1) MB"
)

tree_failed() {
  if grep -q 'signed by unknown key' "$LAB_DIR/log/tree-$1"; then
    fail "debian $1 is signed by keys that this machine does not have: install a newer package debian-archive-keyring"
  fi
  tail -n 20 "$LAB_DIR/log/tree-$1" >&2
  fail "debian $1 could not be unpacked from $mirror: the last lines are above; LARDER_DEBIAN_MIRROR names another mirror"
}

# tree_bootstrap SUITE KEYRING
tree_bootstrap() {
  local script=()
  # A debootstrap older than the suite has no script for it; all suites of today are made as sid is.
  [ -e "/usr/share/debootstrap/scripts/$1" ] || script=(/usr/share/debootstrap/scripts/sid)
  rm -rf "$(tree_dir "$1")"
  mkdir -p "$LAB_DIR/trees"
  # The mounts that debootstrap makes stay in a namespace of their own, also when it is killed.
  unshare --mount debootstrap --variant=minbase "--cache-dir=$(debs_dir "$1")" "--keyring=$2" \
    "$1" "$(tree_dir "$1")" "$mirror" "${script[@]}"
}

# tree_trim TREE: no manuals and no translations, now and in what is installed later: images are unpacked often here.
tree_trim() {
  local kind
  for kind in doc man info locale lintian; do
    echo "path-exclude=/usr/share/$kind/*"
    find "$1/usr/share/$kind" -mindepth 1 -delete 2>/dev/null || true
  done >"$1/etc/dpkg/dpkg.cfg.d/lab"
  echo force-unsafe-io >>"$1/etc/dpkg/dpkg.cfg.d/lab"
  find "$1/var/cache/apt" -type f -delete
  # No service is started by its package.
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod +x "$1/usr/sbin/policy-rc.d"
}

# tree_tar TREE: what of it belongs into an image.
tree_tar() {
  tar -C "$1" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' \
    --exclude=./etc/resolv.conf --exclude=./etc/hostname --exclude='./dev/*' --numeric-owner -c .
}

# keyring: Debian's keys, from the machine's own packages.
keyring() {
  if [ -e "/$KEYRING" ]; then
    echo "/$KEYRING"
    return
  fi
  if [ ! -e "$LAB_DIR/tools/keyring/$KEYRING" ]; then
    package_unpack debian-archive-keyring "$LAB_DIR/tools/keyring" ||
      fail "Debian's archive keys are missing: apt-get install debian-archive-keyring"
  fi
  echo "$LAB_DIR/tools/keyring/$KEYRING"
}

root_key() { stamp_key "$(tree_key forky)" "${root_packages[@]}"; }

root_outdated() { ! stamp_is root "$(root_key)"; }

# root_build: the lab's root. The engines must be down.
root_build() {
  root_outdated || return 0
  rm -rf "$LAB_ROOT"
  cp -a "$(tree_dir forky)" "$LAB_ROOT"
  in_tree "$LAB_ROOT" "$(debs_dir forky)" apt-get "${APT_OPTIONS[@]}" -y --no-install-recommends \
    -o Dpkg::Options::=--force-unsafe-io install "${root_packages[@]}" >"$LAB_DIR/log/root" 2>&1 || {
    tail -n 20 "$LAB_DIR/log/root" >&2
    fail "the engine's packages could not be installed: the last lines are above, the rest is in $LAB_DIR/log/root"
  }
  stamp_set root "$(root_key)"
  # shellcheck disable=SC2016
  say "engine root: $(in_tree "$LAB_ROOT" "$(debs_dir forky)" dpkg-query -W -f '${Package} ${Version}, ' \
    docker.io docker-buildx containerd runc docker-registry skopeo)$(du -sm "$LAB_ROOT" | cut -f 1) MB"
}
