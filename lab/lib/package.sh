# shellcheck shell=bash
# Packages of this machine's own distribution, for the lab alone.

# package_unpack PACKAGE DIR: unpacks the package without installing it.
package_unpack() {
  local download
  download=$(mktemp -d)
  mkdir -p "$2"
  (
    # apt's own user cannot write here, and would warn about each package.
    cd "$download" && apt-get -q -o APT::Sandbox::User=root download "$1" >&2 && dpkg -x ./*.deb "$2"
  )
  local status=$?
  rm -rf "$download"
  return "$status"
}

debootstrap_install() {
  if command -v debootstrap >/dev/null; then return; fi
  apt-get -q install -y --no-install-recommends debootstrap >"$LAB_DIR/log/debootstrap" 2>&1 ||
    fail "debootstrap cannot be installed (see $LAB_DIR/log/debootstrap): run apt-get update, then apt-get install debootstrap"
  say "debootstrap: installed"
}
