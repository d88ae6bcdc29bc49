# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A containerd, Docker's or another: blobs, snapshots, and the databases that tell what is in them.

attach_containerd() {
  find_root "$@"
  attach_root
}

# containerd's root as the daemon will see it: its flags, then its config file, then its default.
find_root() {
  root='' config=/etc/containerd/config.toml
  while [ $# -gt 0 ]; do
    case $1 in
      --root=*) root=${1#*=} ;;
      --config=* | -c=*) config=${1#*=} ;;
      --root) root=${2-} ;;
      --config | -c) config=${2-} ;;
    esac
    shift
  done
  if [ -z "$root" ] && [ -r "$config" ]; then read_root "$config"; fi
  [ -n "$root" ] || root=/var/lib/containerd
  case $root in
    /) ;;
    */) root=${root%/} ;;
  esac
}

# The key `root` that stands before the first table of a TOML file.
read_root() {
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[! 	]*}"}
    case $line in
      '['*) return ;;
      root=* | root[\ \	]*)
        line=${line#*=}
        line=${line#*[\"\']}
        root=${line%%[\"\']*}
        return
        ;;
    esac
  done <"$1"
}

attach_root() {
  # dockerd's part has been here a moment ago, unless dockerd was started past it.
  again=''
  case $root:$daemon:$mode in
    */containerd/daemon:containerd:link | */containerd/daemon:containerd:copy) again=yes ;;
    */containerd/daemon:containerd:*) return 0 ;;
  esac
  begin "$shelf/catalog/containerd" || return 0
  case $root in
    */containerd/daemon)
      # Docker's own: it sees one namespace only.
      slurp_lines "$catalog/images"
      case $text in *' moby:'*) ;; *) return 0 ;; esac
      ;;
  esac
  blobs=$root/io.containerd.content.v1.content/blobs/sha256
  metadata=$root/io.containerd.metadata.v1.bolt/meta.db
  snapshots=$root/io.containerd.snapshotter.v1.overlayfs/snapshots
  if [ -e "$root/larder/$id" ] && [ -e "$metadata" ]; then
    [ -n "$again" ] || report "had attached" " before" "$catalog"/layers/*
    return
  fi
  check_file_system "containerd's overlayfs snapshotter"
  umask 066
  mkdir -p "$root/larder" || fail "cannot write to $root"
  umask 022
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

# A root without a database holds nothing, whatever an attach that was killed has left in it. The database comes
# last: with it all is there.
lay() {
  [ ! -e "$snapshots" ] || rm -rf "$snapshots" || fail "cannot write to $root"
  write_record steps "$catalog/steps"
  cp -R -P -f "$tree/." "$root/" || fail "cannot put the inner images into $root"
  make_whiteouts "$snapshots" "$catalog"/whiteouts/* ||
    fail "cannot make the whiteouts of the inner images in $root"
  copy_repeated || fail "cannot copy layers of the inner images into $root"
  [ "$mode" = link ] || copy_all || fail "cannot copy the inner images into $root"
  lay_databases || fail "cannot put the databases of the inner images into $root"
}

lay_databases() {
  cp -f "$catalog/metadata.db" "${snapshots%/*}/" && cp -f "$catalog/meta.db" "$metadata.larder" || return
  : >"$root/larder/$id"
  mv -f "$metadata.larder" "$metadata"
}

whiteout_directory() { # list
  directory=${1##*/}/fs
}

# overlayfs refuses a directory that is twice in a mount, as it would be for an image with a layer twice.
copy_repeated() {
  while read -r snapshot key; do
    copy_directory "$catalog/layers/$key" "$snapshots/$snapshot/fs" || return
  done <"$catalog/copies"
}

copy_all() {
  [ ! -e "$catalog/xattrs" ] || warn_of_xattrs
  for path in "$snapshots"/*/fs; do
    [ ! -h "$path" ] || copy_directory "$path" "$path" || return
  done
  for path in "$blobs"/*; do
    [ ! -h "$path" ] || { cp -L "$path" "$path.larder" && mv -f "$path.larder" "$path"; } || return
  done
}

copy_directory() { # from, to, which may be a link to it
  rm -rf "$2.larder" && mkdir "$2.larder" && cp -a "$1/." "$2.larder/" && rm -rf "$2" && mv "$2.larder" "$2"
}
