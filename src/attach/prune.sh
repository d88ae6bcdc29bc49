# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# What an earlier system image attached to this root, and this one does not have: as long as containerd believes in
# it, it would not pull it again.

prune() {
  gone=' '
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

# Snapshots of earlier attaches whose layers are not on this shelf, as namespace:name between spaces.
find_lost_layers() {
  lost=' '
  for path in "$root"/larder/steps.*; do
    [ -r "$path" ] || continue
    while read -r kind space name _ key _; do
      case $kind in
        link | copy) [ -e "$catalog/layers/$key" ] || lost="$lost$space:$name " ;;
      esac
    done <"$path"
  done
}

# With all that stands on them, the uppermost first; but what a container stands on stays with it.
prune_snapshots() {
  ctr_print snapshots --snapshotter overlayfs ls >"$scratch/snapshots" || return
  found=yes
  while [ -n "$found" ]; do
    found=''
    while read -r key parent kind; do
      # A snapshot without a parent has its kind in the second place.
      [ "$kind" = Committed ] || continue
      case $lost in
        *" $namespace:$key "*) ;;
        *" $namespace:$parent "*) lost="$lost$namespace:$key " found=yes ;;
      esac
    done <"$scratch/snapshots"
  done
  removed=yes
  while [ -n "$removed" ]; do
    removed=''
    for key in $lost; do
      [ "${key%%:*}" = "$namespace" ] || continue
      case $gone in *" $key "*) continue ;; esac
      ! ctr_quiet snapshots --snapshotter overlayfs rm "${key#*:}" || gone="$gone$key " removed=yes
    done
  done
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
