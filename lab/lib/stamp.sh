# shellcheck shell=bash
# What was built from what: a thing is built again when the files and words that make it changed.

stamp_key() {
  # Files by their content; a directory by all that is in it; the rest are words.
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
