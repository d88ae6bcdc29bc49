# shellcheck shell=bash
# .lab/env: what other programs need to know of the lab.

# env_write NAME=VALUE...: the file is there as a whole or not at all.
env_write() {
  local pair
  for pair in "$@"; do
    printf "export %s='%s'\n" "${pair%%=*}" "${pair#*=}"
  done >"$LAB_DIR/env.new"
  mv "$LAB_DIR/env.new" "$LAB_DIR/env"
}
