# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# Docker: which of its two stores has images here, and where its data root is.

attach_dockerd() {
  find_data_root "$@"
  if begin "$shelf/catalog/overlay2"; then
    # shellcheck source=src/attach/overlay2.sh
    . "$here/overlay2.sh"
    attach_overlay2
  fi
  # A containerd that others start is attached when it starts.
  [ -n "$own_containerd" ] || return 0
  # shellcheck source=src/attach/containerd.sh
  . "$here/containerd.sh"
  root=$root/containerd/daemon
  attach_root
}

# The data root as the daemon will see it: its flags, then its config file, then its default. And whether it will
# start a containerd of its own, as it does unless it is told of another or finds one at the usual place.
find_data_root() {
  root='' config=/etc/docker/daemon.json own_containerd=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --data-root=* | --graph=* | -g=*) root=${1#*=} ;;
      --config-file=*) config=${1#*=} ;;
      --data-root | --graph | -g) root=${2-} ;;
      --config-file) config=${2-} ;;
      --containerd | --containerd=*) own_containerd='' ;;
    esac
    shift
  done
  text=
  [ ! -r "$config" ] || slurp "$config"
  case $text in *'"containerd":'* | *'"containerd" :'*) own_containerd='' ;; esac
  [ ! -e /run/containerd/containerd.sock ] || own_containerd=''
  if [ -z "$root" ]; then
    case $text in
      *'"data-root"'*) text=${text#*'"data-root"'} ;;
      *'"graph"'*) text=${text#*'"graph"'} ;;
      *) text= ;;
    esac
    text=${text#*:}
    text=${text#*\"}
    root=${text%%\"*}
  fi
  [ -n "$root" ] || root=/var/lib/docker
  case $root in
    /) ;;
    */) root=${root%/} ;;
  esac
}
