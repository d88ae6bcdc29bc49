# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A containerd, Docker's or another: blobs, snapshots, and the databases that tell what is in them.

snapshots_root='' again=''

attach_containerd() {
  find_root "$@"
  case $root in
    */containerd/daemon)
      # shellcheck source=src/attach/dockerd.sh
      . "$here/dockerd.sh"
      attach_dockers_own
      ;;
    *)
      check_catalog
      find_mode
      attach_root
      ;;
  esac
}

# Ends attach where no image is for a containerd.
check_catalog() {
  [ -r "$shelf/catalog/containerd/id" ] ||
    skip "$shelf has no images for a containerd: name them with PRELOAD --store=containerd in the Dockerfile of this image"
}

# containerd's root as the daemon will see it: its flags, then its config file, then its default.
find_root() {
  root='' root_by='' config=/etc/containerd/config.toml config_by=''
  while [ $# -gt 0 ]; do
    case $1 in
      --root=*) root=${1#*=} root_by=--root ;;
      --config=* | -c=*) config=${1#*=} config_by=${1%%=*} ;;
      --root) root=${2-} root_by=--root ;;
      --config | -c) config=${2-} config_by=$1 ;;
    esac
    shift
  done
  [ ! -r "$config" ] || read_config "$config"
  [ -n "$root" ] || root=/var/lib/containerd root_by="the default"
  case $root in
    /) ;;
    */) root=${root%/} ;;
    # Records of what is attached have a line for each path.
    *"
"*) fail "containerd's root has a line break in its name: choose another one" ;;
  esac
}

# The key `root` that stands before the first table of a TOML file, and a root of the snapshotter's own.
read_config() {
  # shellcheck source=src/attach/toml.sh
  . "$here/toml.sh"
  each_setting "$1" read_root
}

read_root() { # $line and $table
  case $line in
    root=* | root[\ \	]*) [ -n "$table$root" ] || root=$(toml_string) root_by="root in $config" ;;
    root_path=* | root_path[\ \	]*)
      case $table in *snapshotter.v1.overlayfs*) snapshots_root=$(toml_string) ;; esac
      ;;
  esac
}

# Where everything is in this root.
find_places() {
  begin "$shelf/catalog/containerd"
  blobs=$root/io.containerd.content.v1.content/blobs/sha256
  metadata=$root/io.containerd.metadata.v1.bolt/meta.db
  snapshots=$root/io.containerd.snapshotter.v1.overlayfs/snapshots
  # This directory alone may be on a file system of its own.
  witness=${snapshots%/*}/larder-witness
}

# Fails where no layers can be.
check_places() {
  [ -z "$snapshots_root" ] ||
    fail "containerd's snapshots are at $snapshots_root (root_path in $config), where the inner images cannot be: leave that out"
  # The rest of the root may well be on overlayfs (under Sysbox it is).
  check_file_system "${snapshots%/*}" "containerd's overlayfs snapshotter"
}

attach_root() {
  find_places
  if [ -e "$metadata" ] && was_attached && has_snapshots; then
    # shellcheck source=src/attach/mend-containerd.sh
    . "$here/mend-containerd.sh"
    mend
    [ "$again$mended" = yes0 ] || report_before "$mended" "$catalog"/layers/*
    return
  fi
  check_places
  umask 066
  mkdir -p "$root/larder" || fail "cannot write to $root"
  umask 022
  find_way "$catalog"/layers/*
  if [ -e "$metadata" ]; then
    # shellcheck source=src/attach/merge.sh
    . "$here/merge.sh"
    merge
    report_attached " beside what was there" "$catalog"/layers/*
  else
    lay
    report_attached "" "$catalog"/layers/*
  fi
}

# The snapshotter's directory may be on a file system of its own, and another one than at the attach before.
has_snapshots() {
  [ ! -e "${snapshots%/*}/metadata.db" ] || return 0
  check_snapshots
  { lay_layers && mark; } || fail "cannot put the layers of the inner images into $root"
  copied=''
}

# Fails where the database knows other snapshots than those of the shelf, which cannot be laid anew.
check_snapshots() {
  slurp "$catalog/snapshots"
  catalogs=$text text=
  [ ! -r "$root/larder/snapshots.$id" ] || slurp "$root/larder/snapshots.$id"
  [ "$text" = "$catalogs" ] ||
    fail "the snapshots of $root are gone from ${snapshots%/*}: start containerd on another root, or on the old snapshots"
}

# A root without a database holds nothing, whatever an attach that was killed has left in it. The database comes
# last: with it all is there.
lay() {
  [ ! -e "$snapshots" ] || rm -rf "$snapshots" || fail "cannot write to $root"
  write_record steps "$catalog/steps"
  write_record snapshots "$catalog/snapshots"
  { lay_layers && cp -f "$catalog/meta.db" "$metadata.larder" && mark && mv -f "$metadata.larder" "$metadata"; } ||
    fail "cannot put the inner images into $root"
}

lay_layers() {
  cp -R -P -f "$tree/." "$root/" && make_whiteouts "$snapshots" "$catalog"/whiteouts/* && lay_copies &&
    cp -f "$catalog/metadata.db" "${snapshots%/*}/"
}

# overlayfs refuses a directory that is twice in a mount, as it would be for an image with a layer twice.
lay_copies() {
  [ "$mode" = link ] || [ ! -e "$catalog/xattrs" ] || warn_of_xattrs
  while read -r snapshot kind key; do
    case $mode:$kind in
      *:copy | copy:link) copy_directory "$catalog/layers/$key" "$snapshots/$snapshot/fs" || return ;;
    esac
  done <"$catalog/snapshots"
  [ "$mode" = link ] || copy_blobs
}

copy_blobs() {
  for path in "$blobs"/*; do
    [ ! -h "$path" ] || { cp -L "$path" "$path.larder" && mv -f "$path.larder" "$path"; } || return
  done
}

whiteout_directory() { # list
  directory=${1##*/}/fs
}

# The snapshot of the catalog that holds what a layer hides.
whiteouts_of() { # short name of the layer
  while read -r number kind_of key_of; do
    [ "$kind_of $key_of" != "whiteouts $1" ] || break
  done <"$catalog/snapshots"
  printf %s "$number"
}

copy_directory() { # from, to, which may be a link to it
  rm -rf "$2.larder" && mkdir "$2.larder" && cp -a "$1/." "$2.larder/" && rm -rf "$2" && mv "$2.larder" "$2"
}
