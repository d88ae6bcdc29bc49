# shellcheck shell=bash
# Runs parts in parallel. If one part fails, so does the whole, after the others have ended.

declare -A BACKGROUND=()

# in_background NAME COMMAND...
in_background() {
  local name=$1
  shift
  ("$@") &
  BACKGROUND[$name]=$!
}

# background_wait [NAME...]: waits for these parts, or for all.
background_wait() {
  local name failed=()
  [ $# -gt 0 ] || set -- "${!BACKGROUND[@]}"
  for name; do
    wait "${BACKGROUND[$name]}" || failed+=("$name")
    unset "BACKGROUND[$name]"
  done
  [ ${#failed[@]} = 0 ] || fail "stopped, because this failed: ${failed[*]}; the reason is above"
}
