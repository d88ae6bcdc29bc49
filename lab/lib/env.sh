# shellcheck shell=bash
# .lab/env: facts of the lab for other programs.

# env_write NAME=VALUE...: writes the whole file at once, or not at all.
env_write() {
  local pair
  for pair in "$@"; do
    printf "export %s='%s'\n" "${pair%%=*}" "${pair#*=}"
  done >"$LAB_DIR/env.new"
  mv "$LAB_DIR/env.new" "$LAB_DIR/env"
}
