# shellcheck shell=bash
# The lab's paths and messages, and a test if a process is still the one that was started.

shopt -s inherit_errexit
LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(dirname "$LAB_SRC")
LAB_DIR=${LARDER_LAB_DIR:-$REPOSITORY/.lab}
LAB_ROOT=$LAB_DIR/root
# The labs of several checkouts may run on one machine: names that they would share contain this.
LAB_ID=$(printf '%s' "$LAB_DIR" | cksum | cut -d ' ' -f 1)
REGISTRY_NETWORK=10.213.0
REGISTRY_ADDRESS=$REGISTRY_NETWORK.1
export LAB_SRC REPOSITORY LAB_DIR LAB_ROOT LAB_ID REGISTRY_NETWORK REGISTRY_ADDRESS

say() { printf 'lab: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# start_time PID: together with the pid, it identifies one process for ever, although pids are used again.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field may contain spaces and brackets.
  cut -d ' ' -f 20 <<<"${stat##*) }"
}

# live_pid FILE: prints the pid in FILE, if that process is still alive.
live_pid() {
  local pid started
  [ -s "$1" ] || return 1
  read -r pid started <"$1"
  [ "$(start_time "$pid")" = "$started" ] || return 1
  # A zombie is dead, and waits only for its parent.
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
