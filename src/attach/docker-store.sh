# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# Which of its stores dockerd will use, by all that it goes by itself: flags, daemon.json, environment, and what the
# data root holds. The rules are those of moby's daemon/image_store_choice.go and daemon/graphdriver/driver.go.

# shellcheck source=src/attach/json.sh
. "$here/json.sh"

read_settings() { # dockerd's arguments
  root='' root_by='' config='' config_by='' own_containerd=yes remap='' rootless=${ROOTLESSKIT_STATE_DIR:+yes}
  driver='' driver_by='' snapshotter='' snapshotter_by=''
  while [ $# -gt 0 ]; do
    case $1 in
      --*=* | -[gs]=*) flag=${1%%=*} value=${1#*=} ;;
      -[gs]?*) flag=${1%"${1#??}"} value=${1#??} ;;
      *) flag=$1 value=${2-} ;;
    esac
    case $flag in
      --data-root | --graph | -g) root=$value root_by=$flag ;;
      --config-file) config=$value config_by=--config-file ;;
      --storage-driver | -s) driver=$value driver_by=--storage-driver ;;
      --feature) set_feature "$value" ;;
      --userns-remap) remap=$value ;;
      --containerd) own_containerd='' ;;
      --rootless) case $1 in *=false | *=0) rootless='' ;; *) rootless=yes ;; esac ;;
    esac
    shift
  done
  default_root=/var/lib/docker default_config=/etc/docker/daemon.json
  if [ -n "$rootless" ]; then
    default_root=${XDG_DATA_HOME:-${HOME-}/.local/share}/docker
    default_config=${XDG_CONFIG_HOME:-${HOME-}/.config}/docker/daemon.json
  fi
  config=${config:-$default_config}
  [ ! -r "$config" ] || read_json "$config"
  [ ! -e /run/containerd/containerd.sock ] || own_containerd=''
  # An environment variable that outdoes flag and file.
  if [ -n "${DOCKER_DRIVER-}" ]; then driver=$DOCKER_DRIVER driver_by="the variable DOCKER_DRIVER"; fi
  [ -n "$root" ] || root=$default_root root_by="the default"
  case $root in
    /) ;;
    */) root=${root%/} ;;
  esac
}

set_feature() { # name=boolean
  case $1 in
    containerd-snapshotter) snapshotter=true ;;
    containerd-snapshotter=*) snapshotter=${1#*=} ;;
    *) return ;;
  esac
  snapshotter_by=--feature
}

setting() { # place, value
  case $1 in
    '{data-root' | '{graph') root=$2 root_by="${1#?} in $config" ;;
    '{storage-driver') driver=$2 driver_by="storage-driver in $config" ;;
    '{features{containerd-snapshotter') snapshotter=$2 snapshotter_by="features in $config" ;;
    '{userns-remap') remap=$2 ;;
    '{containerd') [ -z "$2" ] || own_containerd='' ;;
  esac
}

# Sets $store (overlay2, containerd, or nothing where it is neither), what it is in words, and why it is that.
choose_store() {
  store='' because=''
  [ -z "$rootless$remap" ] || return 0
  docker_version
  # Docker has it since then.
  [ "$major" -ge 23 ] || snapshotter=''
  case $snapshotter in
    true | 1 | t | T | TRUE | True) use_containerd "$snapshotter_by" ;;
    ?*) use_graph_driver "$snapshotter_by" ;;
    *)
      if [ "$major" -lt 29 ]; then
        use_graph_driver "${driver_by:-the default of Docker${version:+ $version}}"
      elif find_prior_driver; then
        use_graph_driver "what $root holds"
      else
        case $driver in
          overlay2 | fuse-overlayfs | btrfs | zfs | vfs) use_graph_driver "$driver_by" ;;
          *) use_containerd "${driver_by:-the default of Docker${version:+ $version}}" ;;
        esac
      fi
      ;;
  esac
}

use_containerd() { # why
  because=$1 uses="containerd's snapshotter ${driver:-overlayfs}"
  case $driver in '' | overlayfs) store=containerd ;; *) because=$driver_by ;; esac
}

use_graph_driver() { # why
  because=$1
  if [ -z "$driver" ]; then
    driver=overlay2
    ! find_prior_driver || driver=$prior driver_by="what $root holds"
  fi
  uses="the graph driver $driver"
  if [ "$driver" = overlay2 ]; then store=overlay2; else because=$driver_by; fi
}

# A graph driver that the data root has been used with, the one that Docker prefers.
find_prior_driver() {
  for prior in overlay2 fuse-overlayfs btrfs zfs; do
    for path in "$root/$prior"/* "$root/$prior"/.[!.]*; do
      [ ! -e "$path" ] && [ ! -h "$path" ] || return 0
    done
  done
  return 1
}

# The Docker that took the images in.
docker_version() {
  version=''
  if [ -r "$shelf/docker-version" ]; then
    read -r version <"$shelf/docker-version"
  else
    # Docker has come later than the images. Its shim does not attach for this.
    version=$(dockerd --version 2>/dev/null) || version=''
    version=${version#*version }
    version=${version%%,*}
  fi
  # The builder may know a class of versions only: "23 to 28".
  major=${version%%[!0-9]*}
  # What has no number is built from a newer source.
  major=${major:-99}
}

# Says what the daemon uses, what the images are for, and what to write.
refuse_store() {
  [ -z "$rootless" ] ||
    fail "this Docker is rootless, with its data root at $root, and the files of the inner images belong to users that it does not have: start dockerd as root"
  [ -z "$remap" ] ||
    fail "this Docker remaps users (userns-remap), and the files of the inner images belong to others than it will have: leave userns-remap out"
  graph="the graph driver overlay2" snapshots="containerd's snapshotter overlayfs"
  if ! holds_overlay2; then
    find_way_to containerd
    offered=$snapshots
  elif ! holds_moby; then
    find_way_to overlay2
    offered=$graph
  else
    find_way_to either
    offered="$graph and $snapshots"
  fi
  fail "this Docker keeps its images with $uses ($because), and the inner images are for $offered: $way"
}

find_way_to() { # overlay2, containerd, or either
  default_store
  feature=false and=''
  [ "$1" = overlay2 ] || feature=true
  write="write {\"features\":{\"containerd-snapshotter\":$feature}} into $config"
  [ "$feature" = false ] || [ "$major" -ge 23 ] || write="build with --store=docker-overlay2"
  case $1 in either | "$default") ;; *) and=", and $write" ;; esac
  case $because in
    'what '*) way="start it on a data root that it has not been used with$and" ;;
    'the default '*) way=$write ;;
    "$snapshotter_by") way="write $feature there, or build with it above PRELOAD" ;;
    *)
      way="leave that out$and"
      # PRELOAD knows no other driver, so it would refuse this one.
      [ -z "$store" ] || way="$way, or build with it above PRELOAD"
      ;;
  esac
}

# Sets $default to the store that Docker would use if nothing named a driver.
default_store() {
  case $snapshotter in
    true | 1 | t | T | TRUE | True) default=containerd ;;
    ?*) default=overlay2 ;;
    *) if [ "$major" -lt 29 ]; then default=overlay2; else default=containerd; fi ;;
  esac
}
