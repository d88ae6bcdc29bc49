# shellcheck shell=bash
# A cell is a program on the lab's root, in separate mount, PID, network, IPC, UTS and cgroup namespaces. Its first
# process is known by its pid. When that process dies, the kernel ends the others and removes the mounts.

# cell_start NAME DIR PROGRAM...: runs PROGRAM in the cell; DIR/run is its /run.
cell_start() {
  local name=$1 dir=$2
  shift 2
  mkdir -p "$dir/run" "$dir/log"
  find "$dir/run" -mindepth 1 -delete
  install -D -t "$LAB_ROOT/usr/local/lib/larder-lab" "$LAB_SRC"/cell/*
  install -D -t "$LAB_ROOT/usr/local/lib/larder-sysbox" "$LAB_SRC"/runtime/*
  ln -sf ../lib/larder-sysbox/larder-sysbox "$LAB_ROOT/usr/local/bin/larder-sysbox"
  (
    cgroup_join "$name"
    # The cell must not inherit the caller's locks.
    for fd in "/proc/$BASHPID/fd/"*; do
      fd=${fd##*/}
      if [ "$fd" -gt 2 ]; then exec {fd}>&-; fi
    done
    # unshare's own --fork would hide the pid. Here, the first child of this shell is the first process of the cell.
    # shellcheck disable=SC2016
    exec setsid unshare --mount --pid --net --ipc --uts --cgroup sh -c '"$@" & echo $! >"$0"' \
      "$dir/pid.new" "$LAB_SRC/cell/enter" "$LAB_ROOT" "$dir" "$@"
  ) </dev/null >"$dir/log/cell.log" 2>&1
  local pid
  pid=$(cat "$dir/pid.new")
  rm "$dir/pid.new"
  echo "$pid $(start_time "$pid")" >"$dir/pid"
}

# cell_programs FOLDER: puts these programs into the lab's root and prints their folder there. A cell that gets it as
# LARDER_LAB_PROGRAMS prefers them to those of Debian.
cell_programs() {
  local folder=/usr/local/lib/larder-lab/programs/${1##*/}
  mkdir -p "$LAB_ROOT$folder"
  cp --update "$1"/* "$LAB_ROOT$folder/"
  echo "$folder"
}

# cell_stop NAME DIR
cell_stop() {
  local pid
  if pid=$(live_pid "$2/pid"); then
    kill -TERM "$pid"
    if ! wait_until 15 cell_gone "$2"; then
      say "$1 did not stop in 15 s and is killed"
      kill -KILL "$pid"
      wait_until 15 cell_gone "$2" ||
        fail "$1 (pid $pid) does not die: see $2/log, end the process and run lab/down.sh again"
    fi
  fi
  rm -f "$2/pid"
  if [ -d "$2/run" ]; then find "$2/run" -mindepth 1 -delete; fi
  cgroup_remove "$1"
}

cell_gone() { ! live_pid "$1/pid" >/dev/null; }
