# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# Podman, Buildah, CRI-O: containers-storage, its records of layers and images, and a directory for each layer.
# They run for each command and side by side, so the first of them does the work, and the others are quick.

attach_podman() {
  # One line for each start of the container is enough.
  fail() {
    said='' refused=$root/larder/refused.podman
    [ ! -r "$refused" ] || read -r said <"$refused"
    [ "$said" = "$boot" ] || say "$*; $daemon runs without them"
    umask 077
    { mkdir -p "$root/larder" && printf '%s\n' "$boot" >"$refused"; } 2>/dev/null
    exit 1
  }
  read_boot
  check_podman_catalog
  find_graph_root "$@"
  find_mode
  find_podman_places
  if was_checked; then return; fi
  is_root || tell_user
  check_graph_root
  umask 077
  mkdir -p "$root/larder" || fail "cannot write to $root"
  umask 022
  mkdir -p "$root/overlay" || fail "cannot write to $root"
  lock_root
  # The one that was quicker has done it.
  if was_checked; then return; fi
  uptime
  start=$now
  # shellcheck source=src/attach/podman-merge.sh
  . "$here/podman-merge.sh"
  if was_attached; then
    # shellcheck source=src/attach/mend-podman.sh
    . "$here/mend-podman.sh"
    mend
    [ "$mended" = 0 ] || report_before "$mended" "$catalog"/db/*
  else
    lay
    report_attached "" "$catalog"/db/*
  fi
  note_checked
}

# Ends attach where no image is for Podman.
check_podman_catalog() {
  [ -r "$shelf/catalog/podman/id" ] ||
    skip "$shelf has no images for Podman: name them with PRELOAD --store=podman in the Dockerfile of this image"
}

# The root of containers-storage as the program will see it: its flags, which stand before its command, then the first
# storage.conf that is there.
find_graph_root() { # the program's arguments
  root='' root_by='' driver='' driver_by='' config='' config_by='' before=''
  while [ $# -gt 0 ]; do
    case $1 in
      --root=*) root=${1#*=} root_by=--root ;;
      --root) root=${2-} root_by=--root ;;
      --storage-driver=*) driver=${1#*=} driver_by=--storage-driver ;;
      --storage-driver) driver=${2-} driver_by=--storage-driver ;;
      -*) ;;
      # CRI-O has no commands. What follows a flag may be its value.
      *) [ "$daemon" = crio ] || case $before in -*=* | '' | [!-]*) break ;; esac ;;
    esac
    before=$1
    shift
  done
  if [ -z "$driver" ] && [ -n "${STORAGE_DRIVER-}" ]; then
    driver=$STORAGE_DRIVER driver_by="the variable STORAGE_DRIVER"
  fi
  find_storage_conf
  [ -z "$config" ] || read_storage_conf "$config"
  [ -n "$root" ] || root=/var/lib/containers/storage root_by="the default"
  case $root in
    /) ;;
    */) root=${root%/} ;;
  esac
}

find_storage_conf() {
  if [ -n "${CONTAINERS_STORAGE_CONF-}" ]; then
    config=$CONTAINERS_STORAGE_CONF config_by="the variable CONTAINERS_STORAGE_CONF"
    return
  fi
  for path in /etc/containers/storage.conf /usr/share/containers/storage.conf; do
    if [ -r "$path" ]; then
      config=$path
      return
    fi
  done
}

# Of the table [storage], the keys graphroot and driver.
read_storage_conf() { # file
  [ -r "$1" ] || return 0
  # shellcheck source=src/attach/toml.sh
  . "$here/toml.sh"
  each_setting "$1" read_storage_line
}

read_storage_line() { # $line and $table
  case $line in
    graphroot=* | graphroot[\ \	]*)
      case $root:$table in :'[storage]'*) root=$(toml_string) root_by="graphroot in $config" ;; esac
      ;;
    driver=* | driver[\ \	]*)
      case $driver:$table in :'[storage]'*) driver=$(toml_string) driver_by="driver in $config" ;; esac
      ;;
  esac
}

find_podman_places() {
  catalog=$shelf/catalog/podman tree=$shelf/catalog/podman/root
  read -r id <"$catalog/id"
  witness=$root/larder/witness.$id
  layers=$root/overlay-layers/layers.json
  images=$root/overlay-images/images.json
}

# The tick at which the first process of this container started.
read_boot() {
  boot=''
  read -r boot </proc/1/stat || return
  boot=${boot##*) }
  # shellcheck disable=SC2086 # the fields are words
  set -- $boot
  boot=${20-}
}

# All of it has been looked over since this container was started.
was_checked() {
  line=''
  [ -n "$boot" ] && [ -r "$root/larder/checked.$id" ] || return
  read -r line <"$root/larder/checked.$id"
  [ "$line" = "$boot" ]
}

note_checked() { printf '%s\n' "$boot" >"$root/larder/checked.$id"; }

for_root="the images of PRELOAD are in the store of root's Podman: another user has a user namespace, in which their files would belong to nobody; run it as root to have them"

# Podman that runs without root's rights starts itself again as root of a user namespace.
is_root() { case $(id -u):${_CONTAINERS_USERNS_CONFIGURED-} in 0:) ;; *) return 1 ;; esac }

# Says it once for each user.
tell_user() {
  note=${XDG_DATA_HOME:-${HOME-}/.local/share}/containers/larder.$id
  if [ -e "$note" ]; then return; fi
  { mkdir -p "${note%/*}" && printf '' >"$note"; } 2>/dev/null
  say "$for_root"
}

# Ends attach where no layers can be.
check_graph_root() {
  is_root || skip "$for_root"
  [ "${driver:-overlay}" = overlay ] ||
    fail "$daemon keeps images with the driver $driver ($driver_by), and the inner images are for overlay: leave that out"
  check_file_system "$root/overlay" "Podman's overlay store"
}

# One attach at a time. The lock goes with the process that has it.
lock_root() {
  exec 9>"$root/larder/attach.lock" || fail "cannot write to $root"
  ! command -v flock >/dev/null || flock 9
}
