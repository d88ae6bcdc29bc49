# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# attach --explain: what attach would do, and why images would not show up. It decides by attach's own functions. Nothing
# on disk is changed: a trial mount is on /dev/shm. Each line is `name: text`. The exit code is 0 if the images show up,
# 1 if they do not, 2 if that cannot be told.

newline='
'

explain() { # [--unit UNIT] daemon, which may be a path, [its arguments]
  verb=explain unit='' process='' words='' notes='' reasons='' misses='' been='' elsewhere='' plan='does nothing'
  trial=/dev/shm/larder-explain.$$
  if [ "${1-}" = --unit ]; then
    unit=${2-}
    shift "$(($# > 1 ? 2 : 1))"
  fi
  program=${1-} daemon=${program##*/}
  case $daemon in
    dockerd | containerd) manager=$daemon && shift ;;
    podman | buildah | skopeo | crio) manager=podman && shift ;;
    *) cannot_tell "attach --explain: \"$program\" is no container manager that PRELOAD knows: name dockerd, containerd or podman" ;;
  esac
  # shellcheck source=src/attach/explain-daemon.sh
  . "$here/explain-daemon.sh"
  if [ -n "$unit" ]; then
    # shellcheck source=src/attach/unit.sh
    . "$here/unit.sh"
    attach_unit "$@"
  fi
  # Without arguments, the daemon that runs is meant.
  if find_process "$daemon"; then
    if [ $# = 0 ] && [ "$program" = "$daemon" ]; then
      take_process
    fi
  fi
  if [ -n "$words" ]; then
    set --
    while IFS= read -r word; do set -- "$@" "$word"; done <<END
$words
END
    shift
  fi
  # shellcheck source=src/attach/explain-dockerd.sh disable=SC1091
  . "$here/explain-$manager.sh"
  "explain_$manager" "$@"
}

# The functions by which attach says something, and ends.
say() { notes=$notes$*$newline; }
fail() {
  printf '%s\n' "$*"
  exit 1
}
skip() { fail "$@"; }

cannot_tell() {
  printf 'larder: %s\n' "$*" >&2
  exit 2
}

tell() { # name, text
  printf '%-11s%s\n' "$1:" "$2"
}

tell_each() { # name, lines
  while IFS= read -r line; do
    [ -z "$line" ] || tell "$1" "$line"
  done <<END
$2
END
}

# Asks one of attach's checks. One that fails is a reason, and attach would end there.
ask() { # check...
  answer=$("$@") && return
  reasons=$reasons$answer$newline plan='does nothing'
  return 1
}

# The same for a check that matters only until attach has been at the data root.
ask_before() { # check...
  answer=$("$@") && return
  miss "$answer"
}

miss() { misses=$misses$*$newline; }

# Says all that was found, and ends.
finish() {
  # What attach has put there stays, whether or not it is run again.
  if [ -n "$been" ]; then notes=$notes$misses; else reasons=$misses$reasons; fi
  [ -z "$misses" ] || plan='is not run'
  tell attach "$plan"
  tell_each note "$notes"
  tell_each "why not" "$reasons"
  if [ -z "$reasons" ]; then
    tell images "show up"
    exit 0
  fi
  tell images "do not show up"
  exit 1
}

# The images and layers of a catalog.
tell_catalog() { # store, note, the catalog's entry for each layer...
  store_name=$1 aside_of=$2
  shift 2
  tally "$shelf/catalog/$store_name" "$@"
  tell shelf "$images ($counted) for $store_name$aside_of"
}

tell_shelf() {
  [ -r "$shelf/catalog/overlay2/id" ] || [ -r "$shelf/catalog/containerd/id" ] || [ -r "$shelf/catalog/podman/id" ] ||
    tell shelf "$shelf, without images"
  [ ! -r "$shelf/catalog/overlay2/id" ] || tell_catalog overlay2 '' "$shelf"/catalog/overlay2/db/*
  [ ! -r "$shelf/catalog/podman/id" ] || tell_catalog podman '' "$shelf"/catalog/podman/db/*
  [ -r "$shelf/catalog/containerd/id" ] || return 0
  spaces=''
  while read -r space _; do
    case ", $spaces, " in *", $space, "*) ;; *) spaces=${spaces:+$spaces, }$space ;; esac
  done <"$shelf/catalog/containerd/images"
  lacks=''
  [ ! -e "$shelf/catalog/containerd/no-blobs" ] || lacks=", without compressed layers"
  tell_catalog containerd ", in namespace $spaces$lacks" "$shelf"/catalog/containerd/layers/*
}

# Sets $point, $type and $options to those of the mount that a path is on.
find_mount() { # path
  find_existing "$1"
  place=$(cd -P "$path" 2>/dev/null && pwd -P) || cannot_tell "cannot look into $path: run attach --explain as root"
  point='' type='' options=''
  while read -r _ _ _ _ mounted own_options rest; do
    case $mounted in *\\*) mounted=$(printf '%b' "$mounted") ;; esac
    below=${mounted%/}
    case $place/ in
      "$below"/*) ;;
      *) continue ;;
    esac
    # A mount that is later in the list lies on the one before it.
    if [ "${#mounted}" -ge "${#point}" ]; then
      rest=${rest##*- }
      point=$mounted type=${rest%% *} options=$own_options,${rest##* }
    fi
  done </proc/self/mountinfo
}

# Neither daemon starts without a file that its arguments name.
check_config() {
  [ -z "$config_by" ] || [ -r "$config" ] ||
    fail "$config ($config_by) is not there, so $daemon does not start: write it, or leave $config_by out"
}

tell_root() {
  find_mount "$root"
  on="on $type"
  [ "$point" = / ] || on="$on, mounted at $point"
  tell "data root" "$root ($root_by), $on"
  case $type in
    ext[234] | xfs | btrfs | tmpfs | f2fs | overlay | bcachefs | '') ;;
    *) say "$root is on $type: where overlayfs cannot write to that, the daemon keeps no images on it, and its log says so" ;;
  esac
}

check_writable() {
  find_mount "$root"
  case ,$options, in
    *,ro,*) fail "$root is on a file system that is mounted read-only: mount it writable, or a volume at $root" ;;
  esac
}

# A data root that attach has not been at, or has been at for another system image.
tell_fresh() { # what the daemon's database holds already, or nothing
  earlier=''
  for path in "$root"/larder/*; do
    case ${path##*/} in *.* | '*' | references | aside | merge | trial) continue ;; esac
    [ -d "$path" ] || earlier=", and links to the layers of another system image"
  done
  tell there "${1:-no images}$earlier"
}

plan_layers() { # the catalog's entry for each layer...
  count "$#" layer
  if [ "$mode" = copy ]; then plan="copies $counted to $root"; else plan="links $counted into $root"; fi
}

# A data root that attach has been at. The daemon may have removed images since; then attach leaves them removed.
tell_before() { # number of the images or snapshots that are there, number of all, noun, what else is there
  count "$2" "$3"
  tell there "attached before by $mode: $1 of $counted$4"
  plan="looks over what is there"
  if [ "$1" = 0 ]; then
    reasons="${reasons}the inner images were removed from $root after they had been attached, and attach leaves them removed: remove $root/larder/$id, and start the daemon again$newline"
    return
  fi
  [ "$1" = "$2" ] ||
    say "$(($2 - $1)) of $counted were removed after they had been attached: to have them again, remove $root/larder/$id and start the daemon again"
  [ "$damaged" -gt 0 ] || return 0
  count "$damaged" layer
  plan="mends $counted"
  [ -z "$process" ] || [ -n "$elsewhere" ] ||
    reasons="$reasons$counted in $root have lost files or links since the daemon started: start it again, so that attach mends them$newline"
}
