# shellcheck shell=bash
# The registry's cell: its network namespace is the lab's network.

registry_dir=$lab_dir/registry

registry_start() {
  if live_pid "$registry_dir/pid" >/dev/null; then return; fi
  mkdir -p "$registry_dir/data"
  cell_start registry "$registry_dir" /usr/local/lib/larder-lab/registry "$registry_address"
  wait_until 20 registry_answers || {
    tail -n 20 "$registry_dir/log/cell.log" >&2
    fail "the registry does not answer: its last lines are above, the rest is in $registry_dir/log/cell.log"
  }
}

registry_answers() {
  local pid
  pid=$(live_pid "$registry_dir/pid") || return 1
  nsenter "--net=/proc/$pid/ns/net" bash -c "exec 3<>/dev/tcp/$registry_address/5000" 2>/dev/null
}
