# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# What an earlier system image attached to this root, and this one does not have: as long as containerd believes in
# it, it would not pull it again. What stands on it is set aside, and comes back with that system image.

prune() {
  aside=$root/larder/aside
  set --
  for path in "$blobs"/* "$snapshots"/*/fs; do
    if [ -h "$path" ] && [ ! -e "$path" ]; then set -- "$@" "$path"; fi
  done
  [ $# -gt 0 ] || return 0
  find_lost_layers
  namespaces=$(ctr namespaces ls -q 2>"$scratch/error") || return
  for namespace in $namespaces; do
    for path; do
      case $path in "$blobs"/*) ctr_quiet content rm "sha256:${path##*/}" || : ;; esac
    done
    prune_snapshots && prune_images || return
  done
  for path; do
    case $path in "$blobs"/*) rm -f "$path" || return ;; esac
  done
}

# Snapshots of earlier attaches whose layers are not on this shelf, as namespace:name between spaces; uppermost first.
find_lost_layers() {
  lost=' '
  for path in "$root"/larder/steps.*; do
    [ -r "$path" ] || continue
    while read -r kind space name parent key _; do
      case $kind in link | copy) ;; *) continue ;; esac
      [ ! -e "$catalog/layers/$key" ] || continue
      case $parent in larder-whiteouts-*) lost=" $space:$parent$lost" ;; esac
      lost=" $space:$name$lost"
    done <"$path"
  done
}

prune_snapshots() {
  ctr_print snapshots --snapshotter overlayfs ls >"$scratch/snapshots" || return
  # All that stands on a lost one, uppermost first, as key=parent=kind.
  orphans='' broken=$lost found=yes
  while [ -n "$found" ]; do
    found=''
    while read -r key parent kind; do
      # A snapshot without a parent has its kind in the second place.
      [ -n "$kind" ] || continue
      case $broken in
        *" $namespace:$key "*) ;;
        *" $namespace:$parent "*) orphans="$key=$parent=$kind $orphans" broken="$broken$namespace:$key " found=yes ;;
      esac
    done <"$scratch/snapshots"
  done
  for orphan in $orphans; do
    kind=${orphan##*=} key=${orphan%=*}
    case $kind in
      # Nothing is in it but what it shows of others.
      View) ctr_quiet snapshots --snapshotter overlayfs rm "${key%=*}" || return ;;
      *) set_aside "${key%=*}" "${key##*=}" "$kind" || return ;;
    esac
  done
  for key in $lost; do
    # One that something of the user's stands on, or that is not there, stays as it is.
    [ "${key%%:*}" != "$namespace" ] || ctr_quiet snapshots --snapshotter overlayfs rm "${key#*:}" || :
  done
}

# The files of a snapshot of the user's own, and what it is called.
set_aside() { # key, parent, kind
  name=$namespace:$1
  while :; do
    case $name in */*) name=${name%%/*}_${name#*/} ;; *) break ;; esac
  done
  mkdir -p "$aside/$name" && printf '%s %s %s %s\n' "$namespace" "$1" "$2" "$3" >"$aside/$name/snapshot" || return
  # An attach that was killed may have moved them already.
  if [ ! -e "$aside/$name/fs" ]; then
    files_of "$1" "$3" && mv "$directory" "$aside/$name/fs" || return
  fi
  ctr_quiet snapshots --snapshotter overlayfs rm larder-aside
  ctr_quiet snapshots --snapshotter overlayfs rm "$1"
}

# Where the files of a snapshot are; of one that is committed only a view tells.
files_of() { # key, kind
  if [ "$2" = Committed ]; then
    ctr_quiet snapshots --snapshotter overlayfs rm larder-aside
    printed=$(ctr_print snapshots --snapshotter overlayfs view --target /x larder-aside "$1") || return
  else
    printed=$(ctr_print snapshots --snapshotter overlayfs mounts /x "$1") || return
  fi
  directory_of "$printed"
}

# What was set aside, where what it stood on is there again; unless the user has made it anew.
bring_back() {
  found=yes
  while [ -n "$found" ]; do
    found=''
    for path in "$aside"/*/snapshot; do
      [ -r "$path" ] || continue
      read -r namespace key parent kind <"$path" || return
      list_namespace || return
      case $kind:$snapshots_known in
        Committed:*" $key "*) ;;
        *" $parent "*) restore_snapshot "$key" "$parent" "$kind" "${path%/snapshot}" || return ;;
        *) continue ;;
      esac
      rm -rf "${path%/snapshot}" && found=yes
    done
  done
}

restore_snapshot() { # key, parent, kind, where it was set aside
  active=$1
  [ "$3" != Committed ] || active=larder-$1
  # An attach that was killed may have prepared it already, and moved the files.
  printed=$(ctr_print snapshots --snapshotter overlayfs prepare --target /x "$active" "$2") ||
    printed=$(ctr_print snapshots --snapshotter overlayfs mounts /x "$active") || return
  directory_of "$printed"
  if [ -e "$4/fs" ]; then rmdir "$directory" && mv "$4/fs" "$directory" || return; fi
  if [ "$3" = Committed ]; then
    commit "$1" -
  else
    ctr_quiet snapshots --snapshotter overlayfs label "$1" containerd.io/gc.root=
  fi
}

# Names that an earlier attach set, and that nobody has changed since.
prune_images() {
  ctr_print images ls >"$scratch/images" || return
  for path in "$root"/larder/steps.*; do
    [ -r "$path" ] || continue
    while read -r kind space name digest top _; do
      [ "$kind $space" = "image $namespace" ] || continue
      case $lost in *" $namespace:$top "*) ;; *) continue ;; esac
      while read -r reference _ present _; do
        [ "$reference=$present" != "$name=$digest" ] || ctr_quiet images rm "$name" || return
      done <"$scratch/images"
    done <"$path"
  done
}
