# shellcheck shell=sh
# What the entrypoints of the system images have in common.

# delegate_cgroups: version 2 hands controllers on only from a cgroup without processes of its own.
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

# start_daemon NAME SOCKET COMMAND...: starts the daemon, waits until COMMAND succeeds, and shows what Larder said.
start_daemon() {
  name=$1 socket=$2
  shift 2
  # By its bare name: what shadows the daemon in PATH must be found.
  "$name" >"/var/log/$name.log" 2>&1 &
  daemon=$!

  # The socket is there before the daemon is ready, and a request waits in its queue: so this polls for the socket only.
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
