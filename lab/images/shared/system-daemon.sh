# shellcheck shell=sh
# Functions for the entrypoints of the system images.

# delegate_cgroups: in version 2, only a cgroup without processes of its own can delegate controllers.
delegate_cgroups() {
  cgroup=/sys/fs/cgroup
  if [ ! -e "$cgroup/cgroup.controllers" ] || [ ! -w "$cgroup/cgroup.procs" ]; then return; fi
  mkdir -p "$cgroup/init"
  echo $$ >"$cgroup/init/cgroup.procs"
  read -r controllers <"$cgroup/cgroup.controllers" || :
  for controller in $controllers; do
    echo "+$controller" >"$cgroup/cgroup.subtree_control" ||
      echo "system-entrypoint: no cgroup controller $controller for the inner containers" >&2
  done
}

# start_daemon NAME SOCKET COMMAND...: starts the daemon, waits until COMMAND succeeds, and prints Larder's messages.
start_daemon() {
  name=$1 socket=$2
  shift 2
  # The bare name finds a program that precedes the daemon in PATH.
  "$name" >"/var/log/$name.log" 2>&1 &
  daemon=$!

  # The socket exists before the daemon is ready, and queues requests: so this loop polls for the socket only.
  until [ -S "$socket" ] && "$@" >/dev/null 2>&1; do
    if ! kill -0 "$daemon" 2>/dev/null; then
      cat "/var/log/$name.log" >&2
      echo "system-entrypoint: $name ended before it answered: its log is above" >&2
      exit 1
    fi
    sleep 0.01
  done
  grep '^larder:' "/var/log/$name.log" >&2 || :
}
