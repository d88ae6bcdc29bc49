# shellcheck shell=bash
# Where things are, how the lab speaks, and whether a process is still the one that was started.

shopt -s inherit_errexit
LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(dirname "$LAB_SRC")
LAB_DIR=${LARDER_LAB_DIR:-$REPOSITORY/.lab}
LAB_ROOT=$LAB_DIR/root
# Another checkout's lab may run on the same machine: what both would name carries this.
LAB_ID=$(printf '%s' "$LAB_DIR" | cksum | cut -d ' ' -f 1)
REGISTRY_NETWORK=10.213.0
REGISTRY_ADDRESS=$REGISTRY_NETWORK.1
export LAB_SRC REPOSITORY LAB_DIR LAB_ROOT LAB_ID REGISTRY_NETWORK REGISTRY_ADDRESS

say() { printf 'lab: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# start_time PID: with the pid it names one process for ever (pids are used again, after a reboot at the latest).
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field may hold spaces and brackets.
  cut -d ' ' -f 20 <<<"${stat##*) }"
}

# live_pid FILE: prints the pid that FILE names, if that process still runs.
live_pid() {
  local pid started
  [ -s "$1" ] || return 1
  read -r pid started <"$1"
  [ "$(start_time "$pid")" = "$started" ] || return 1
  # A zombie waits only for its parent.
  case $(cut -d ' ' -f 1 <<<"$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)") in
    Z | X | '') return 1 ;;
  esac
  echo "$pid"
}

# wait_until SECONDS COMMAND...
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}
