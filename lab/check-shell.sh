#!/bin/bash
# Runs shellcheck over every shell program of the repository.
set -euo pipefail
cd "$(dirname "$0")"
for part in common package; do
  # shellcheck source=/dev/null
  . "lib/$part.sh"
done

# checker FILE...: the machine's shellcheck, or the one from the distribution's package, with its libraries.
checker() {
  if command -v shellcheck >/dev/null; then
    shellcheck "$@"
    return
  fi
  local tools=$LAB_DIR/tools/shellcheck package
  if [ ! -x "$tools/usr/bin/shellcheck" ]; then
    for package in shellcheck libffi8 libgmp10 libnuma1; do
      package_unpack "$package" "$tools" >/dev/null ||
        fail "there is no shellcheck, and apt-get download $package failed: run apt-get update, or put shellcheck into PATH"
    done
  fi
  LD_LIBRARY_PATH=$(find "$tools/usr/lib" -maxdepth 1 -name '*-linux-gnu*') "$tools/usr/bin/shellcheck" "$@"
}

shell_programs() {
  # Running engines make and remove files below .lab.
  find . \( -name node_modules -o -path ./.lab -o -path ./dist \) -prune -o -name '*.sh' -print
  find src/attach lab test examples .ci bench -type f -not -name '*.*' -exec \
    awk 'FNR == 1 && /^#!.*[\/ ](ba|da)?sh( |$)/ { print FILENAME }' {} + 2>/dev/null || true
}

cd "$REPOSITORY"
mapfile -t programs < <(shell_programs | sed 's|^\./||' | LC_ALL=C sort -u)
[ "${#programs[@]}" -gt 0 ] || fail "no shell program found below $REPOSITORY"
checker "${programs[@]}"
say "shellcheck: ${#programs[@]} programs"
