# shellcheck shell=bash
# Docker engines, each in a cell.

engine_dir() { echo "$LAB_DIR/engines/$1"; }

engine_start() {
  local name=$1 store=containerd runtime='' insecure=true size='' mirror='' programs='' cgroup2='' dir
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --store) store=${2:-} && shift 2 ;;
      --build-runtime) runtime=${2:-} && shift 2 ;;
      --no-insecure) insecure=false && shift ;;
      --size) size=${2:-} && shift 2 ;;
      --cgroup2) cgroup2=yes && shift ;;
      --mirror) mirror=${2:-} && shift 2 ;;
      --docker29) programs=$(docker29_programs) && shift ;;
      *) fail "engine $name: unknown option \"$1\"; lab/engine.sh without arguments lists them" ;;
    esac
  done
  case $store in containerd | graph) ;; *) fail "engine $name: the store is containerd or graph, not \"$store\"" ;; esac
  dir=$(engine_dir "$name")
  engine_path_fits "$dir/run/docker.sock"
  local settings="$store $runtime $insecure $size${mirror:+ $mirror}${programs:+ docker29}${cgroup2:+ cgroup2}"
  if live_pid "$dir/pid" >/dev/null; then
    [ "$(cat "$dir/settings")" = "$settings" ] ||
      fail "engine $name runs already with other options ($(cat "$dir/settings")): run lab/engine.sh stop $name first"
  else
    registry_start
    mkdir -p "$dir/docker" "$dir/etc" "$dir/sysbox"
    echo "$settings" >"$dir/settings"
    engine_address "$name" >"$dir/address"
    engine_config "$store" "$insecure" "$mirror" >"$dir/etc/daemon.json"
    if [ -n "$programs" ]; then programs=$(cell_programs "$programs"); fi
    LARDER_LAB_SIZE=$size LARDER_LAB_PROGRAMS=$programs LARDER_LAB_CGROUP2=$cgroup2 \
      DOCKER_BUILDKIT_RUNC_COMMAND=$runtime \
      cell_start "$name" "$dir" /usr/local/lib/larder-lab/joined "$REGISTRY_NETWORK.$(cat "$dir/address")" dockerd
    engine_connect "$dir"
    wait_until 30 engine_settled "$dir" || true
    if ! engine_answers "$dir"; then
      tail -n 20 "$dir/log/cell.log" >&2
      cell_stop "$name" "$dir"
      fail "engine $name does not answer: its last lines are above, the rest is in $dir/log/cell.log"
    fi
  fi
  echo "unix://$dir/run/docker.sock"
}

# Linux limits the path of a socket to 108 bytes.
engine_path_fits() {
  [ ${#1} -le 106 ] || fail "the path of $1 is too long for a socket: set LARDER_LAB_DIR to a short path"
}

engine_config() {
  local snapshotter=false
  if [ "$1" = containerd ]; then snapshotter=true; fi
  cat <<EOF
{
  "features": {"containerd-snapshotter": $snapshotter},
  "builder": {"entitlements": {"security-insecure": $2, "network-host": true}},
  "insecure-registries": ["$REGISTRY_NETWORK.0/24"],
  "registry-mirrors": [${3:+"\"$3\""}],
  "runtimes": {"larder-sysbox": {"path": "/usr/local/bin/larder-sysbox"}},
  "shutdown-timeout": 1
}
EOF
}

# engine_address NAME: the last number of its address: its earlier one, or the first free one.
engine_address() {
  local number used
  if [ -s "$(engine_dir "$1")/address" ]; then
    cat "$(engine_dir "$1")/address"
    return
  fi
  used=" $(cat "$LAB_DIR"/engines/*/address 2>/dev/null | xargs) "
  for number in $(seq 2 254); do
    case $used in *" $number "*) ;; *) echo "$number" && return ;; esac
  done
  fail "the lab has no address left for engine $1: remove engines with lab/engine.sh remove"
}

# engine_connect DIR: makes a cable from the lab's bridge to eth0 of the engine's cell.
engine_connect() {
  local pid port
  pid=$(live_pid "$1/pid") || fail "engine ${1##*/} died at once: $(tail -n 5 "$1/log/cell.log")"
  port=lab-$(cat "$1/address")
  # The kernel removes a dead engine's cable after a moment.
  wait_until 5 engine_port_free "$port" || "$LAB_DIR/bin/ip" link delete "$port"
  "$LAB_DIR/bin/ip" link add "$port" type veth peer name eth0 netns "$pid"
  "$LAB_DIR/bin/ip" link set "$port" master lab0 up
}

engine_port_free() { ! "$LAB_DIR/bin/ip" link show "$1" >/dev/null 2>&1; }

# An engine that died will never answer.
engine_settled() { engine_answers "$1" || ! live_pid "$1/pid" >/dev/null; }

engine_answers() {
  [ -S "$1/run/docker.sock" ] && DOCKER_HOST=unix://$1/run/docker.sock "$LAB_DIR/bin/docker" version >/dev/null 2>&1
}

engine_stop() {
  [ -d "$(engine_dir "$1")" ] || fail "there is no engine $1; those of this lab: $(ls "$LAB_DIR/engines")"
  cell_stop "$1" "$(engine_dir "$1")"
}

engine_remove() {
  engine_stop "$1"
  rm -rf "$(engine_dir "$1")"
}

# engines_stop: stops all engines and the registry, for good or before a change of their root.
engines_stop() {
  local dir
  for dir in "$LAB_DIR"/engines/*/; do
    if [ -d "$dir" ]; then engine_stop "$(basename "$dir")"; fi
  done
  if [ -d "$REGISTRY_DIR" ]; then cell_stop registry "$REGISTRY_DIR"; fi
}
