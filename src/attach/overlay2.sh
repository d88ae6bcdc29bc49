# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# Docker's graph driver overlay2: its image and layer databases, and a directory for each layer.

# Where everything is in this data root.
find_places() {
  begin "$shelf/catalog/overlay2"
  witness=$root/larder/witness.$id
  imagedb=$root/image/overlay2/imagedb/content/sha256
  layerdb=$root/image/overlay2/layerdb/sha256
  distribution=$root/image/overlay2/distribution
  sources=$distribution/v2metadata-by-diffid/sha256
  repositories=$root/image/overlay2/repositories.json
}

# Fails where no layers can be.
check_places() { check_file_system "$root/overlay2" "Docker's overlay2 store"; }

attach_overlay2() {
  # shellcheck source=src/attach/references.sh
  . "$here/references.sh"
  # shellcheck source=src/attach/moved-volume.sh
  . "$here/moved-volume.sh"
  find_places
  if was_attached; then
    # shellcheck source=src/attach/mend-overlay2.sh
    . "$here/mend-overlay2.sh"
    mend
    report_before "$mended" "$catalog"/db/*
    return
  fi
  check_places
  umask 067
  mkdir -p "$root/larder" "$root/overlay2" || fail "cannot write to $root"
  umask 022
  find_way "$catalog"/db/*/fs
  prune
  write_record images "$catalog/images"
  if [ "$mode" = link ]; then
    links=-P
    link_layers
  else
    links=-L
    copy_layers
  fi || fail "cannot put the layers of the inner images into $root"
  forget_links_of "$catalog"/db/*/real || fail "cannot remove links from $root"
  make_whiteouts "$root/overlay2" "$catalog"/db/*/whiteouts || fail "cannot make the whiteouts of the inner images in $root"
  fill_real_layers "$catalog"/db/*/real || fail "cannot copy layers of the inner images to $root"
  add_metadata "$links" || fail "cannot put the inner images into $root"
  settle_orphans || fail "cannot set aside in $root what stood on images of an earlier system image"
  merge_references || fail "cannot read or write $repositories"
  mark
  report_attached "" "$catalog"/db/*
}

# The directories of the layers. All of them, since `lower` files name the ones below; but a layer that was
# copied here by an earlier attach stays.
link_layers() {
  set -- "$tree/overlay2/l"
  for path in "$tree"/overlay2/*/; do
    path=${path%/}
    own=$root/overlay2/${path##*/}/diff
    [ "${path##*/}" = l ] || { [ -d "$own" ] && [ ! -h "$own" ]; } || set -- "$@" "$path"
  done
  cp -R -P -f "$@" "$root/overlay2/"
}

copy_layers() {
  ! has_xattrs || warn_of_xattrs
  cp -R -P -f "$tree/overlay2/l" "$root/overlay2/" || return
  for layer in "$catalog"/db/*; do
    read -r cache <"$layer/cache-id" || [ -n "$cache" ] || return
    target=$root/overlay2/$cache
    if [ -h "$target/diff" ] || [ ! -e "$target/committed" ]; then copy_layer || return; fi
  done
}

copy_layer() { # $layer of the catalog to $target
  rm -rf "$target" && mkdir -m 710 "$target" && cp -a "$layer/fs/." "$target/diff" || return
  cp "$layer/link" "$target/link" || return
  [ ! -e "$layer/lower" ] || cp "$layer/lower" "$target/lower" || return
  : >"$target/committed"
}

# Images of many layers would need more directories in a mount than Docker allows: some of their layers are copies, with the
# whiteouts among the files. The whiteouts are there already; the copy gives the directories above them what is theirs.
fill_real_layers() { # the catalog's marks of such layers
  for path; do
    [ -e "$path" ] || continue
    layer=${path%/real}
    slurp "$layer/cache-id"
    fill_real_layer "$root/overlay2/$text/diff" || return
  done
}

# Another system image may have linked what is a copy in this one.
forget_links_of() { # the catalog's marks of such layers
  for path; do
    [ -e "$path" ] || continue
    slurp "${path%/real}/cache-id"
    [ ! -h "$root/overlay2/$text/diff" ] || rm "$root/overlay2/$text/diff" || return
  done
}

fill_real_layer() { # directory of the copy of $layer
  mkdir -p "$1" && cp -a -f "$layer/fs/." "$1/"
}

whiteout_directory() { # list
  read -r cache <"${1%/*}/cache-id" || [ -n "$cache" ] || return
  directory=$cache/whiteouts
  [ ! -e "${1%/*}/real" ] || directory=$cache/diff
}

# The image and layer databases. $1 is how cp treats links: -P keeps them, -L copies what they mean.
add_metadata() {
  if [ ! -d "$root/image/overlay2" ]; then
    # Moved there as a whole: cp, killed in the middle, leaves directories of other modes, or none.
    made=$root/larder/image.new
    rm -rf "$made" && cp -R "$1" "$tree/image" "$made" || return
    if [ -d "$root/image" ]; then mv "$made/overlay2" "$root/image/" && rm -rf "$made"; else mv "$made" "$root/image"; fi
    return
  fi
  links=$1
  set --
  for path in "$tree"/image/overlay2/layerdb/sha256/*; do
    own=$layerdb/${path##*/}/cache-id
    # A chain that the daemon made itself has a regular file here, and stays.
    if [ -d "$path" ] && { [ ! -e "$own" ] || [ -h "$own" ]; }; then set -- "$@" "$path"; fi
  done
  mkdir -p "$layerdb" "$imagedb" "$distribution/diffid-by-digest/sha256" "$sources" || return
  if [ $# -gt 0 ]; then
    [ "$links" = -P ] || forget_links "$@" || return
    cp -R "$links" -f "$@" "$layerdb/" || return
  fi
  # Named by their content: it does no harm to write them again.
  cp -R -f "$tree/image/overlay2/imagedb" "$root/image/overlay2/" || return
  cp -R -f "$tree/image/overlay2/distribution/diffid-by-digest" "$distribution/" || return
  add_sources
}

# cp would refuse to copy a file to a link that leads to it.
forget_links() {
  for path; do
    shift
    own=$layerdb/${path##*/}
    [ ! -h "$own/cache-id" ] || set -- "$@" "$own"
  done
  [ $# = 0 ] || rm -rf -- "$@"
}

# Where layers came from; the daemon may know more by now.
add_sources() {
  set --
  for path in "$tree"/image/overlay2/distribution/v2metadata-by-diffid/sha256/*; do
    [ ! -e "$path" ] || [ -e "$sources/${path##*/}" ] || set -- "$@" "$path"
  done
  [ $# = 0 ] || cp -f "$@" "$sources/"
}
