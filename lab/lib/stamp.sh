# shellcheck shell=bash
# Stamps record the inputs of a build: the build is repeated if these files and words have changed.

stamp_key() {
  # Files count by their content, directories by all files in them. Other arguments are words.
  local item
  for item in "$@"; do
    if [ -d "$item" ]; then
      (cd "$item" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
    elif [ -f "$item" ]; then
      sha256sum <"$item"
    else
      echo "$item"
    fi
  done | sha256sum | cut -c 1-16
}

stamp_is() { [ "$(cat "$LAB_DIR/stamps/$1" 2>/dev/null)" = "$2" ]; }

stamp_set() {
  mkdir -p "$LAB_DIR/stamps"
  echo "$2" >"$LAB_DIR/stamps/$1"
}
