# shellcheck shell=bash
# The registry's cell: its network namespace is the lab's network.

REGISTRY_DIR=$LAB_DIR/registry

registry_start() {
  if live_pid "$REGISTRY_DIR/pid" >/dev/null; then return; fi
  mkdir -p "$REGISTRY_DIR/data"
  cell_start registry "$REGISTRY_DIR" /usr/local/lib/larder-lab/registry "$REGISTRY_ADDRESS"
  wait_until 20 registry_answers || {
    tail -n 20 "$REGISTRY_DIR/log/cell.log" >&2
    fail "the registry does not answer: its last lines are above, the rest is in $REGISTRY_DIR/log/cell.log"
  }
}

registry_answers() {
  local pid
  pid=$(live_pid "$REGISTRY_DIR/pid") || return 1
  nsenter "--net=/proc/$pid/ns/net" bash -c "exec 3<>/dev/tcp/$REGISTRY_ADDRESS/5000" 2>/dev/null
}
