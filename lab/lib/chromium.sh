# shellcheck shell=bash
# A browser for the test of the page that `larder inspect` writes. Without it, the test is skipped with the reason.

CHROMIUM_SKIPPED=$LAB_DIR/chromium-skipped
chromium_packages=(chromium fonts-dejavu-core)

# chromium_build: a tree of its own, since a browser brings some hundred packages, and a cache of its own, since apt locks
# it while images get their packages. Debian trixie must be there.
chromium_build() {
  local dir=$LAB_DIR/tools/chromium key log=$LAB_DIR/log/chromium
  key=$(stamp_key "$(tree_key trixie)" "$LAB_SRC/lib/chromium.sh")
  if stamp_is chromium "$key"; then return; fi
  rm -rf "$dir" "$CHROMIUM_SKIPPED"
  mkdir -p "$LAB_DIR/tools"
  cp -a "$(tree_dir trixie)" "$dir"
  if ! in_tree "$dir" "$(debs_dir chromium)" apt-get "${APT_OPTIONS[@]}" -y --no-install-recommends \
    -o Dpkg::Options::=--force-unsafe-io install "${chromium_packages[@]}" >"$log" 2>&1; then
    rm -rf "$dir"
    echo "its packages could not be installed: the reason is in $log" >"$CHROMIUM_SKIPPED"
    say "skipped: chromium: $(chromium_skipped)"
    return
  fi
  chromium_client "$dir"
  stamp_set chromium "$key"
  # shellcheck disable=SC2016
  say "chromium: $(in_tree "$dir" "$(debs_dir trixie)" dpkg-query -W -f '${Version}' chromium)"
}

# chromium_client TREE: a program `chromium FOLDER ARGUMENT...`, to which FOLDER is /mnt.
chromium_client() {
  mkdir -p "$LAB_DIR/bin"
  cat >"$LAB_DIR/bin/chromium" <<EOF
#!/bin/sh
exec unshare --mount --pid --fork --kill-child sh -euc '
  tree=\$1
  mount --bind "\$2" "\$tree/mnt"
  shift 2
  mount -t proc proc "\$tree/proc"
  mount --bind /dev "\$tree/dev"
  mount -t tmpfs tmpfs "\$tree/tmp"
  export HOME=/tmp LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
  # The browser has no sandbox for root. It opens the files of tests alone.
  exec chroot "\$tree" chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "\$@"' sh '$1' "\$@"
EOF
  chmod +x "$LAB_DIR/bin/chromium"
}

# chromium_skipped: prints why there is no browser; nothing where there is.
chromium_skipped() { cat "$CHROMIUM_SKIPPED" 2>/dev/null || true; }
