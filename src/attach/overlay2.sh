# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# Docker's graph driver overlay2: its image and layer databases, and a directory for each layer.

attach() {
  imagedb=$root/image/overlay2/imagedb/content/sha256
  layerdb=$root/image/overlay2/layerdb/sha256
  distribution=$root/image/overlay2/distribution
  sources=$distribution/v2metadata-by-diffid/sha256
  repositories=$root/image/overlay2/repositories.json
  check_file_system
  umask 067
  mkdir -p "$root/larder" "$root/overlay2" || fail "cannot write to $root"
  umask 022
  prune
  write_record
  if [ "$mode" = link ]; then
    links=-P
    link_layers
  else
    links=-L
    copy_layers
  fi || fail "cannot put the layers of the inner images into $root"
  make_whiteouts || fail "cannot make the whiteouts of the inner images in $root"
  add_metadata "$links" || fail "cannot put the inner images into $root"
  settle_orphans || fail "cannot set aside in $root what stood on images of an earlier system image"
  merge_references || fail "cannot read or write $repositories"
  : >"$root/larder/$id"
}

# On overlayfs the daemon cannot use overlay2, and a directory of that name keeps it from using anything else:
# so this comes before the first directory is made.
check_file_system() {
  path=$root
  while [ ! -d "$path" ]; do
    case $path in
      /*/*) path=${path%/*} ;;
      /*) path=/ ;;
      */*) path=${path%/*} ;;
      *) path=. ;;
    esac
  done
  fs=$(stat -f -c %t "$path" 2>/dev/null) || return 0
  [ "$fs" != 794c7630 ] ||
    fail "$root is on overlayfs, where Docker's overlay2 store cannot be: mount a volume there to have the images"
}

# Written first: whoever prunes must know the images even if this attach is killed.
write_record() {
  while read -r line; do printf '%s\n' "$line"; done <"$catalog/images" >"$root/larder/images.$id"
}

# The directories of the layers. All of them, since `lower` files name the ones below; but a layer that was
# copied here by an earlier attach stays.
link_layers() {
  set -- "$tree/overlay2/l"
  for path in "$tree"/overlay2/*/; do
    path=${path%/}
    copied=$root/overlay2/${path##*/}/diff
    [ "${path##*/}" = l ] || { [ -d "$copied" ] && [ ! -h "$copied" ]; } || set -- "$@" "$path"
  done
  cp -R -P -f "$@" "$root/overlay2/"
}

copy_layers() {
  warn_of_xattrs
  cp -R -P -f "$tree/overlay2/l" "$root/overlay2/" || return
  for layer in "$catalog"/db/*; do
    read -r cache <"$layer/cache-id" || [ -n "$cache" ] || return
    target=$root/overlay2/$cache
    if [ -h "$target/diff" ] || [ ! -e "$target/committed" ]; then
      rm -rf "$target" && mkdir -p "$target" && cp -a "$layer/fs/." "$target/diff" || return
      cp "$layer/link" "$target/link" || return
      [ ! -e "$layer/lower" ] || cp "$layer/lower" "$target/lower" || return
      : >"$target/committed"
    fi
  done
}

warn_of_xattrs() {
  for path in "$catalog"/db/*/xattrs; do
    [ -e "$path" ] || return 0
    case $(cp --version 2>/dev/null) in
      *GNU*) ;;
      *) say "cp here does not copy extended attributes, so file capabilities get lost: install coreutils" ;;
    esac
    return 0
  done
}

# A whiteout cannot be in the shelf, where it would be one of the outer image: it is made here.
make_whiteouts() {
  [ -e "$catalog/whiteouts.tar" ] || return 0
  if command -v tar >/dev/null; then
    tar -xf "$catalog/whiteouts.tar" -C "$root/overlay2"
    return
  fi
  for list in "$catalog"/db/*/whiteouts; do
    read -r cache <"${list%/*}/cache-id" || [ -n "$cache" ] || return
    while IFS= read -r line; do
      # The dot keeps a newline at the end of the name.
      path=$(printf '%b.' "$line")
      path=$root/overlay2/$cache/whiteouts/${path%.}
      [ -c "$path" ] || { mkdir -p "${path%/*}" && mknod "$path" c 0 0; } || return
    done <"$list"
  done
}

# The image and layer databases. $1 is how cp treats links: -P keeps them, -L copies what they mean.
add_metadata() {
  if [ ! -d "$root/image/overlay2" ]; then
    cp -R "$1" -f "$tree/image" "$root/"
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
