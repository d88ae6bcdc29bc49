# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A root that was attached before. What gets lost when a root is copied (by Sysbox at stop, by rsync, cp or tar) is made
# again: devices, links, modes, and in copies of layers extended attributes. What the daemon has removed stays removed.

# Sets $mended to the number of layers.
mend() {
  mended=0 made=''
  for list in "$root"/larder/snapshots.*; do
    [ -r "$list" ] || continue
    while read -r snapshot kind key; do
      if is_damaged; then
        mend_snapshot || fail "cannot mend the inner images in $root"
        mended=$((mended + 1))
      fi
    done <"$list"
  done
  [ -z "$made" ] || rm -rf "$made"
  if [ -n "$copied" ] || [ "$mended" -gt 0 ]; then mend_blobs || fail "cannot mend the inner images in $root"; fi
  [ -n "$copied" ] || return 0
  # As the daemon has them: others of the container have no business there.
  chmod 711 "$root"
  chmod 700 "${snapshots%/*}" "$snapshots" "$snapshots"/*/
  mark
}

# Does the daemon still have the $snapshot of a layer that is on the shelf, and is something of it missing?
is_damaged() {
  files=$snapshots/$snapshot/fs
  [ -d "$snapshots/$snapshot" ] && [ -e "$catalog/layers/$key" ] && ! is_whole
}

is_whole() {
  case $kind in
    whiteouts) has_whiteouts "$catalog/layers/$key/../whiteouts" "$files" ;;
    link) [ -h "$files" ] || is_whole_copy "$copies" ;;
    copy) is_whole_copy yes ;;
  esac
}

# A copied copy may lack what cannot be seen in milliseconds: hard links, attributes, modes.
is_whole_copy() { # whether it may be one
  [ -n "$1" ] && [ -z "$copied" ] && [ -d "$files" ] && [ ! -h "$files" ]
}

mend_snapshot() {
  case $kind:$copies in
    whiteouts:*)
      [ -n "$made" ] || make_whiteouts_aside "${snapshots%/*}" "$catalog"/whiteouts/* || return
      rm -rf "$files" && cp -R -P "$made/$(whiteouts_of "$key")/fs" "$files"
      ;;
    link:) rm -rf "$files" && ln -s "$shelf/catalog/containerd/layers/$key" "$files" ;;
    *) copy_directory "$catalog/layers/$key" "$files" ;;
  esac
}

# Links to blobs. One that the daemon has removed since may come back here: its garbage collection takes it again.
mend_blobs() {
  set --
  for path in "$tree/io.containerd.content.v1.content/blobs/sha256"/*; do
    own=$blobs/${path##*/}
    # Where layers may be copies, so may blobs.
    if [ -h "$path" ] && [ ! -h "$own" ] && { [ -z "$copies" ] || [ ! -e "$own" ]; }; then
      rm -f "$own"
      set -- "$@" "$path"
    fi
  done
  [ $# = 0 ] || cp -P "$@" "$blobs/" || return
  [ "$mode" = link ] || copy_blobs
}
