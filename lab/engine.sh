#!/bin/bash
# Starts and stops Docker engines of the lab.
set -euo pipefail
for part in common cgroup cell registry engine adopt; do
  # shellcheck source=/dev/null
  . "$(dirname "$0")/lib/$part.sh"
done

usage() {
  cat >&2 <<'EOF'
usage: lab/engine.sh start NAME [--store containerd|graph] [--build-runtime NAME] [--no-insecure] [--size SIZE] [--mirror URL]
       lab/engine.sh stop NAME      keeps the engine's data
       lab/engine.sh remove NAME    stops it and deletes its data

--build-runtime  the runtime of build steps, for example larder-sysbox, the lab's stand-in for sysbox-runc
--no-insecure    refuses the entitlement security.insecure
--size           puts the data on a tmpfs of that size, for example 1g
--mirror         a mirror of Docker Hub, for example http://10.213.0.1:5000
start prints the engine's DOCKER_HOST.
EOF
  exit 2
}

[ $# -ge 2 ] || usage
action=$1 name=$2
shift 2
[[ $name =~ ^[a-z0-9][a-z0-9-]*$ ]] || fail "engine name \"$name\": use lower-case letters, digits and dashes"
[ -x "$LAB_ROOT/usr/sbin/dockerd" ] || fail "there is no engine in $LAB_ROOT yet: run npm run lab:up"
if adopted; then fail "the lab uses the engine at $(cat "$LAB_DIR/adopted") and has none of its own"; fi

# Engines have numbers. Two that start at the same time must not get the same address.
exec 9>"$LAB_DIR/lock"
flock 9
case $action in
  start) engine_start "$name" "$@" ;;
  stop) engine_stop "$name" ;;
  remove) engine_remove "$name" ;;
  *) usage ;;
esac
