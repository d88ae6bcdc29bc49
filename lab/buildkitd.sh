#!/bin/bash
# A buildkitd without Docker in the lab, if the machine has Go.
set -euo pipefail
for part in common stamp cgroup cell registry engine adopt go buildkit; do
  # shellcheck source=/dev/null
  . "$(dirname "$0")/lib/$part.sh"
done

usage() {
  cat >&2 <<'USAGE'
usage: lab/buildkitd.sh start          prints its address
       lab/buildkitd.sh start-rootless prints the builder of another one, which an ordinary user runs
       lab/buildkitd.sh start-second [VARIABLE=VALUE...]
                                       prints the builder of one that has nothing yet, with these variables
       lab/buildkitd.sh stop           ends all of them and keeps their caches
       lab/buildkitd.sh run COMMAND... COMMAND with it up; buildx builds with it

LARDER_BUILDKIT_VERSION chooses another version of BuildKit, for example v0.26.3.
USAGE
  exit 2
}

[ $# -ge 1 ] || usage
action=$1
shift
[ -x "$LAB_ROOT/usr/sbin/runc" ] || fail "there is no lab in $LAB_DIR yet: run npm run lab:up"
if adopted; then fail "the lab uses the engine at $(cat "$LAB_DIR/adopted"); for a buildkitd it needs engines of its own"; fi

# start NAME [COMMAND...]: COMMAND runs buildkitd.
start() {
  command -v go >/dev/null || fail "there is no go in PATH: buildkitd is built with it"
  # Only one at a time; the other lock is for the address.
  exec 8>"$LAB_DIR/buildkit.lock"
  flock 8
  buildkit_install
  exec 9>"$LAB_DIR/lock"
  flock 9
  buildkitd_start "$@"
  flock -u 9
  buildkit_upstream
  flock -u 8
}

case $action in
  start)
    start "$BUILDKITD_NAME"
    echo "unix://$(buildkitd_socket "$BUILDKITD_NAME")"
    ;;
  start-rootless)
    start "$BUILDKITD_NAME-rootless" /usr/local/lib/larder-lab/rootless
    echo "$BUILDKITD_NAME-rootless"
    ;;
  start-second)
    exec 9>"$LAB_DIR/lock"
    flock 9
    if [ -d "$(engine_dir "$BUILDKITD_NAME-second")" ]; then engine_remove "$BUILDKITD_NAME-second"; fi
    flock -u 9
    start "$BUILDKITD_NAME-second" env "$@"
    echo "$BUILDKITD_NAME-second"
    ;;
  stop)
    exec 9>"$LAB_DIR/lock"
    flock 9
    for name in "$BUILDKITD_NAME" "$BUILDKITD_NAME-rootless" "$BUILDKITD_NAME-second"; do
      if [ -d "$(engine_dir "$name")" ]; then engine_stop "$name"; fi
    done
    ;;
  run)
    [ $# -ge 1 ] || usage
    start "$BUILDKITD_NAME"
    exec 8>&- 9>&-
    address=unix://$(buildkitd_socket "$BUILDKITD_NAME")
    # Its images run on an engine of their own, beside tests that use the others.
    DOCKER_HOST=$("$(dirname "$0")/engine.sh" start buildkitd-runs)
    # A test with a client configuration of its own has no builders in it.
    export DOCKER_HOST BUILDX_BUILDER="$BUILDKITD_NAME" BUILDX_CONFIG=$LAB_DIR/client/buildx \
      LARDER_BUILDKITD=$address LARDER_BUILDCTL=$BUILDKIT_BIN/buildctl \
      LARDER_LAB_BUILDER_IS_NEWER=yes LARDER_LAB_BUILDER_GIVES_BLOBS=$BUILDKITD_BLOBS \
      LARDER_UPSTREAM_IMAGE=$UPSTREAM_IMAGE LARDER_LAB_HTTP_PORTS="${BUILDKITD_HTTP_PORTS[*]}" \
      LARDER_LAB_TLS_PORT=$BUILDKITD_TLS_PORT LARDER_LAB_MIRRORED=$BUILDKITD_MIRRORED \
      LARDER_LAB_PUSHED_AS=e2e-$BUILDKITD_NAME
    PATH=$(dirname "$0")/../node_modules/.bin:$PATH exec "$@"
    ;;
  *) usage ;;
esac
