# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A data root that was attached before. What gets lost when one is copied (by Sysbox at stop, by rsync, cp or tar) is
# made again: devices, links, modes, and in copies of layers extended attributes. What the daemon has removed stays
# removed: it believes in a layer while the layer's directory is in the layer database.

# Sets $mended to the number of layers.
mend() {
  set --
  for record in "$tree"/image/overlay2/layerdb/sha256/*; do
    if is_damaged; then set -- "$@" "$record"; fi
  done
  mended=$#
  if [ $# -gt 0 ]; then mend_layers "$@" || fail "cannot mend the inner images in $root"; fi
  [ -n "$copied" ] || return 0
  # As the daemon has them: others of the container have no business there.
  chmod 710 "$root" "$root/overlay2" "$root"/overlay2/*/
  chmod 700 "$root/overlay2/l" "$root/image" "$root/image/overlay2"
  mark
}

# Does the daemon still believe in the layer of a $record that attach put there, of which something is missing?
is_damaged() {
  chain=${record##*/}
  [ -d "$layerdb/$chain" ] && name_layer && is_ours && ! is_whole
}

# Where the layer of a $record is: in the catalog, and among the driver's directories.
name_layer() {
  layer=$catalog/db/${chain%"${chain#????????????}"}
  slurp "$layer/cache-id"
  cache=$text target=$root/overlay2/$text
}

# The daemon's own chains have random ids.
is_ours() {
  own=$layerdb/$chain/cache-id
  [ ! -h "$own" ] && [ -e "$own" ] || return 0
  slurp "$own"
  [ "$text" = "$cache" ]
}

is_whole() {
  real=''
  if [ -e "$layer/real" ]; then
    real=yes
    [ -z "$copied" ] && [ -d "$target/diff" ] && has_whiteouts "$layer/whiteouts" "$target/diff" || return
  fi
  if [ -h "$target/diff" ] || [ "$real:$copies" = yes: ]; then
    for path in "$record"/* "$tree/overlay2/$cache"/*; do
      own=$layerdb/$chain/${path##*/}
      case $path in
        "$record"/*) ;;
        *) own=$target/${path##*/} ;;
      esac
      case $real:$path in
        yes:*/diff) [ "${path%/*}" = "$record" ] || continue ;;
      esac
      if [ -h "$path" ]; then [ -h "$own" ]; else [ -e "$own" ]; fi || return
    done
  else
    # A copied copy may lack what cannot be seen in milliseconds: hard links, attributes, modes.
    [ -n "$copies" ] && [ -z "$copied" ] && [ -d "$target/diff" ] || return
  fi
  slurp "$layer/link"
  [ -h "$root/overlay2/l/$text" ] || return
  [ -n "$real" ] || [ ! -e "$layer/whiteouts" ] || has_lower_whiteouts
}

has_lower_whiteouts() {
  has_whiteouts "$layer/whiteouts" "$target/whiteouts" || return
  slurp "$layer/lower"
  [ -h "$root/overlay2/${text%%:*}" ]
}

mend_layers() { # records...
  made=''
  mkdir -p "$root/overlay2/l" || return
  for record; do
    chain=${record##*/}
    name_layer
    mend_layer || return
  done
  [ -z "$made" ] || rm -rf "$made"
}

mend_layer() {
  rm -rf "${layerdb:?}/$chain" || return
  if [ -n "$copies" ]; then
    copy_layer && cp -R -L "$record" "$layerdb/" || return
  else
    rm -rf "$target" && cp -R -P "$tree/overlay2/$cache" "$root/overlay2/" && cp -R -P "$record" "$layerdb/" || return
  fi
  slurp "$layer/link"
  mend_link "l/$text" || return
  [ -e "$layer/whiteouts" ] || return 0
  [ -n "$made" ] || make_whiteouts_aside "$root/overlay2" "$catalog"/db/*/whiteouts || return
  if [ -e "$layer/real" ]; then
    rm -rf "$target/diff" || return
    [ ! -d "$made/$cache/diff" ] || mv "$made/$cache/diff" "$target/" || return
    fill_real_layer "$target/diff"
    return
  fi
  slurp "$layer/lower"
  mend_link "${text%%:*}" && mv "$made/$cache/whiteouts" "$target/"
}

mend_link() { # below the driver's directory
  rm -rf "$root/overlay2/$1" && cp -P "$tree/overlay2/$1" "$root/overlay2/$1"
}
