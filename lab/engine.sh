#!/bin/bash
# Starts and stops Docker engines of the lab.
set -euo pipefail
for part in common stamp cgroup cell registry engine adopt go docker29; do
  # shellcheck source=/dev/null
  . "$(dirname "$0")/lib/$part.sh"
done

usage() {
  cat >&2 <<'EOF'
usage: lab/engine.sh start NAME [--store containerd|graph] [--build-runtime NAME] [--no-insecure] [--size SIZE] [--mirror URL]
                               [--docker29] [--cgroup2]
       lab/engine.sh stop NAME      keeps the engine's data
       lab/engine.sh remove NAME    stops it and deletes its data
       lab/engine.sh run NAME [OPTION...] -- COMMAND...   starts it for COMMAND, as its only engine; images that
                                                          COMMAND pushes for tests have NAME in their names

--build-runtime  the runtime of build steps, for example larder-sysbox, the lab's stand-in for sysbox-runc
--no-insecure    refuses the entitlement security.insecure
--size           puts the data on a tmpfs of that size, for example 1g
--mirror         a mirror of Docker Hub, for example http://10.213.0.1:5000
--docker29       Docker 29, which the lab builds with Go, in the place of Debian's newest Docker
--cgroup2        cgroups of version 2 alone, with the controllers that those of version 1 on the machine leave
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
  run)
    options=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
    [ $# -ge 2 ] || usage
    DOCKER_HOST=$(engine_start "$name" "${options[@]}")
    exec 9>&-
    unset LARDER_LAB_DOCKER_HOST_GRAPH
    if [[ " ${options[*]} " = *' --docker29 '* ]]; then
      export LARDER_LAB_BUILDER_IS_NEWER=yes LARDER_LAB_BUILDER_GIVES_BLOBS=yes
    fi
    export DOCKER_HOST "LARDER_LAB_PUSHED_AS=e2e-$name"
    PATH=$(dirname "$0")/../node_modules/.bin:$PATH exec "${@:2}"
    ;;
  stop) engine_stop "$name" ;;
  remove) engine_remove "$name" ;;
  *) usage ;;
esac
