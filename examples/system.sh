# shellcheck shell=sh
# Functions for all checks. They need the image's name in $1, and remove its system container at the end.

docker=${DOCKER:-docker}
[ $# = 1 ] || { echo "usage: $0 IMAGE" >&2; exit 2; }
image=$1

fail() {
  echo "$0: $image: $*" >&2
  exit 1
}

# start_system: starts it without a network, so that nothing can be pulled.
start_system() { start_system_with --network none; }

# start_system_with OPTION...: starts it with these options of docker run.
start_system_with() {
  container=$("$docker" run --detach --privileged "$@" "$image") || fail "it does not start"
  trap stop_system EXIT
  trap 'exit 1' HUP INT TERM
}

stop_system() {
  trap - EXIT
  "$docker" rm --force --volumes "$container" >/dev/null
}

# inside COMMAND...: runs the command in the system container.
inside() { "$docker" exec "$container" "$@"; }

# wait_for COMMAND...: waits until it succeeds in the system container, a minute at most.
wait_for() {
  deadline=$(($(date +%s) + 60))
  until inside "$@" >/dev/null 2>&1; do
    running=$("$docker" container inspect --format '{{.State.Running}}' "$container")
    if [ "$running" = false ] || [ "$(date +%s)" -gt "$deadline" ]; then
      "$docker" logs "$container" >&2
      fail "its inner engine does not answer ($*): its log is above"
    fi
    sleep 0.1
  done
}

# expect TEXT COMMAND...: runs the command in the system container; its output must contain TEXT.
expect() {
  text=$1
  shift
  said=$(inside "$@" 2>&1) || fail "$*: $said"
  case $said in
    *"$text"*) echo "$*: $said" ;;
    *) fail "$*: expected \"$text\" in: $said" ;;
  esac
}

# docker_image NAME: prints the inner Docker's full name of that image, from any registry.
docker_image() {
  listed=$(inside docker image ls --format '{{.Repository}}:{{.Tag}}') || fail "docker image ls failed"
  echo "$listed" | grep -E "(^|/)$1:" || fail "the inner Docker has no image \"$1\", but: $(echo "$listed" | xargs)"
}

# kubernetes_image REFERENCE: the containerd has it as a kubelet wants it.
kubernetes_image() {
  # CRI sees only images with the first label, and the kubelet's garbage collection spares those with the second.
  for label in image=managed pinned=pinned; do
    inside ctr --namespace k8s.io images ls "name==$1" | grep -q "io.cri-containerd.$label" || fail "$1 has no label $label"
  done
  inside mkdir -p /var/tmp/rootfs
  said=$(inside ctr --namespace k8s.io images mount "$1" /var/tmp/rootfs 2>&1) || fail "the files of $1 are not there: $said"
  echo "$1: $(inside find /var/tmp/rootfs -type f | wc -l) files"
  inside ctr --namespace k8s.io images unmount --rm /var/tmp/rootfs >/dev/null
}
