# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# A root that holds images: only containerd writes its databases, so it is started for a moment, on this root alone
# and without its garbage collection, and `ctr` tells it what to add. What is there stays.

merge() {
  check_tools
  scratch=$root/larder/merge
  rm -rf "$scratch"
  mkdir -p "$scratch" || fail "cannot write to $root"
  # shellcheck source=src/attach/prune.sh
  . "$here/prune.sh"
  start_containerd
  if finish_snapshot && prune && add_steps && bring_back; then
    stop_containerd
  else
    stop_containerd
    fail "cannot add the inner images to $root: $(cat "$scratch/error" 2>/dev/null)"
  fi
  rm -rf "$scratch" "$made"
  # Another system image finds its own part changed by this one.
  for path in "$root"/larder/*; do
    case ${path##*/} in *.* | "$id") ;; *) [ -d "$path" ] || rm -f "$path" ;; esac
  done
  mark
}

check_tools() {
  for tool in containerd ctr; do
    command -v "$tool" >/dev/null ||
      fail "$root holds other images, and without $tool in PATH none can be added to it"
  done
}

start_containerd() {
  cat >"$scratch/config.toml" <<EOF
version = 2
root = $(toml_word "$root")
state = $(toml_word "$scratch/state")
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = $(toml_word "$scratch/socket")
[plugins."io.containerd.gc.v1.scheduler"]
  deletion_threshold = 0
  mutation_threshold = 1000000
  schedule_delay = "24h"
  startup_delay = "24h"
EOF
  LARDER_ATTACH=off containerd --config "$scratch/config.toml" >"$scratch/log" 2>&1 &
  containerd=$!
  export CONTAINERD_ADDRESS="$scratch/socket"
  import_flags=--no-unpack
  case $(ctr images import --help) in *--local*) import_flags="--no-unpack --local" ;; esac
  tries=0
  until ctr version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$containerd" 2>/dev/null; then
      stop_containerd
      fail "$root holds other images, and containerd cannot be started to add to them ($(tail -n 1 "$scratch/log"))"
    fi
    sleep 0.05
  done
}

# A string of TOML, whatever is in it.
toml_word() {
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

stop_containerd() {
  kill "$containerd" 2>/dev/null
  wait "$containerd" 2>/dev/null
}

# ctr in the step's namespace; what it complains of is kept for the message.
ctr_quiet() { ctr --namespace "$namespace" "$@" >/dev/null 2>"$scratch/error"; }
ctr_print() { ctr --namespace "$namespace" "$@" 2>"$scratch/error"; }

add_steps() {
  namespace=''
  # The whiteouts come into place as whole directories.
  make_whiteouts_aside "${snapshots%/*}" "$catalog"/whiteouts/* || return
  while read -r kind space name first second third labels; do
    if [ "$space" != "$namespace" ]; then
      namespace=$space
      list_namespace || return
    fi
    step="$kind $space $name $first $second $third $labels"
    case $kind in
      # image: digest, top snapshot, archive. blob: size, short name. snapshot: parent, short name of the layer.
      image) add_image "$name" "$first" "$third" "$labels" ;;
      blob) add_blob "$name" "$first" "$second" "$third $labels" ;;
      *) add_snapshot "$name" "$first" "$second" ;;
    esac </dev/null || return
  done <"$catalog/steps"
}

# Written before it is done: whoever prunes must know what is Larder's even if this attach is killed.
record_step() { printf '%s\n' "$step" >>"$root/larder/steps.$id"; }

# What the namespace has: images as name=digest, blobs and snapshots by their names, all between spaces.
list_namespace() {
  images=' ' blobs_known=' ' snapshots_known=' '
  ctr_print images ls >"$scratch/images" && ctr_print content ls -q >"$scratch/blobs" &&
    ctr_print snapshots --snapshotter overlayfs ls >"$scratch/snapshots" || return
  while read -r listed _ digest _; do images="$images$listed=$digest "; done <"$scratch/images"
  while read -r listed; do blobs_known="$blobs_known$listed "; done <"$scratch/blobs"
  while read -r listed _; do snapshots_known="$snapshots_known$listed "; done <"$scratch/snapshots"
}

# A name of the user's own stays; one that an earlier attach set, and nobody has changed since, follows.
add_image() { # name, digest, archive, labels
  case $images in
    *" $1=$2 "*) return ;;
    *" $1="*)
      present=${images#*" $1="}
      set_by_attach "$1" "${present%% *}" || return 0
      ;;
  esac
  record_step
  # shellcheck disable=SC2086 # the flags are words
  ctr_quiet images import $import_flags "$catalog/names/$3.tar" || return
  # shellcheck disable=SC2086 # so are the labels
  [ -z "$4" ] || ctr_quiet images label "$1" $4
}

set_by_attach() { # name, digest
  for path in "$root"/larder/steps.*; do
    while read -r kind space name digest _; do
      [ "$kind $space $name $digest" != "image $namespace $1 $2" ] || return 0
    done <"$path"
  done
  return 1
}

# A file that is in the content store already is only entered into the namespace: no byte is copied.
add_blob() { # digest, size, short name of a layer's blob, labels
  case $blobs_known in *" $1 "*) return ;; esac
  if [ "$3" != - ]; then
    path=$blobs/${1#sha256:} placed=''
    [ -e "$path" ] || { place_blob "$3" "$path" "$2" && placed=yes; } || return
    ctr --namespace "$namespace" content ingest --expected-digest "$1" --expected-size "$2" "larder-$1" \
      <"$path" >/dev/null 2>"$scratch/error" || return
    [ "$3$placed" != absentyes ] || rm "$path" || return
  fi
  # shellcheck disable=SC2086 # the labels are words
  ctr_quiet content label "$1" $4
}

# Where the blob is absent, a file of its size stands for it while containerd enters it, which does not look inside.
place_blob() { # short name or absent, path, size
  case $1:$mode in
    absent:*) dd if=/dev/null of="$2" bs=1 seek="$3" count=0 2>/dev/null ;;
    *:link) ln -sf "$shelf/catalog/containerd/blobs/$1" "$2" ;;
    *) cp -L "$catalog/blobs/$1" "$2" ;;
  esac
}

add_snapshot() { # name, parent, short name of the layer
  case $snapshots_known in *" ${1#larder-whiteouts-} "* | *" $1 "*) return ;; esac
  parent=$2
  [ "$parent" != - ] || parent=''
  record_step
  ctr_quiet snapshots --snapshotter overlayfs rm "larder-$1"
  # shellcheck disable=SC2086 # without a parent there is no word
  printed=$(ctr_print snapshots --snapshotter overlayfs prepare --target /x "larder-$1" $parent) || return
  directory_of "$printed"
  placed=${directory%/fs}
  printf '%s %s %s\n' "${placed##*/}" "$kind" "$3" >>"$root/larder/snapshots.$id" || return
  case $kind in
    whiteouts) rmdir "$directory" && mv "$made/$(whiteouts_of "$3")/fs" "$directory" && commit "$1" - ;;
    link) if [ "$mode" = link ]; then commit "$1" "$3"; else commit_copy "$1" "$3"; fi ;;
    copy) commit_copy "$1" "$3" ;;
  esac
}

# `mount -t overlay overlay /x -o ...,upperdir=DIRECTORY,...`, and without a parent `mount -t bind DIRECTORY /x -o ...`;
# a view has nothing but `lowerdir=DIRECTORY:...`.
directory_of() {
  case $1 in
    *upperdir=*) directory=${1#*upperdir=} && directory=${directory%%,*} ;;
    *lowerdir=*) directory=${1#*lowerdir=} && directory=${directory%%[:,]*} ;;
    *) directory=${1#*mount -t bind } && directory=${directory% /x*} ;;
  esac
}

commit_copy() { # name, short name
  cp -a "$catalog/layers/$2/." "$directory/" && commit "$1" -
}

# A snapshot whose files are to be a link has them bound while the daemon counts them. Where nothing can be bound, its
# count of their size is wrong, and nothing else.
commit() { # name, short name of the layer to be linked, or -
  printf '%s %s %s %s\n' "$namespace" "$1" "$2" "$directory" >"$root/larder/snapshot.pending" || return
  bound='' committed=yes
  [ "$2" = - ] || ! mount -o bind "$catalog/layers/$2" "$directory" 2>/dev/null || bound=yes
  ctr_quiet snapshots --snapshotter overlayfs commit "$1" "larder-$1" || committed=''
  [ -z "$bound" ] || umount "$directory" || return
  [ -n "$committed" ] && finish_snapshot
}

# What is done to a snapshot once it is committed, here or by an attach that was killed before it came to it. ctr has
# marked it as a root of the garbage collection, which nothing would ever remove.
finish_snapshot() {
  [ -r "$root/larder/snapshot.pending" ] || return 0
  read -r pending_space pending_name pending_key pending_path <"$root/larder/snapshot.pending" || return
  if [ "$pending_key" != - ] && [ -d "$pending_path" ] && [ ! -h "$pending_path" ]; then
    umount "$pending_path" 2>/dev/null
    rmdir "$pending_path" && ln -s "$shelf/catalog/containerd/layers/$pending_key" "$pending_path" || return
  fi
  # One that was not committed after all is not there.
  ctr --namespace "$pending_space" snapshots --snapshotter overlayfs label "$pending_name" containerd.io/gc.root= \
    >/dev/null 2>"$scratch/error"
  rm -f "$root/larder/snapshot.pending"
}
