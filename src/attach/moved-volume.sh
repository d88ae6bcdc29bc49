# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# A data root (a volume) that another system image attached to before, whose shelf is not here.

# What an earlier system image attached and this one does not have: as long as the daemon believes in it,
# it would not pull it again.
prune() {
  set --
  # The files of a layer may be a copy, but what describes it is on the shelf.
  for path in "$root"/overlay2/*/link; do
    [ -h "$path" ] && [ ! -e "$path" ] && set -- "$@" "${path%/link}"
  done
  for path in "$layerdb"/*; do
    [ -h "$path/cache-id" ] && [ ! -e "$path/cache-id" ] && set -- "$@" "$path"
  done
  for path in "$root"/larder/images.*; do
    [ -r "$path" ] || continue
    slurp_lines "$path"
    for pair in $text; do
      chain=${pair#*:}
      [ -z "$chain" ] || [ -e "$layerdb/$chain/cache-id" ] ||
        set -- "$@" "$imagedb/${pair%:*}" "$path" "$root/larder/${path##*/images.}" "$root/larder/origin.${path##*/images.}" "$root/larder/witness.${path##*/images.}"
    done
  done
  remove_lost "$@"
  set --
  for path in "$root"/overlay2/l/*; do
    [ -h "$path" ] && [ ! -e "$path" ] && set -- "$@" "$path"
  done
  remove_lost "$@"
}

remove_lost() { # what an earlier system image left
  [ $# = 0 ] || rm -rf -- "$@" || fail "cannot remove from $root what an earlier system image left there"
}

# The user's own layers on top of some that went with an earlier system image: the daemon could not mount them, and
# would not pull their images anew. They come back with that system image.
settle_orphans() {
  aside=$root/larder/aside
  [ ! -d "$aside" ] || bring_back || return
  set --
  for path in "$layerdb"/*; do
    if [ -f "$path/cache-id" ] && [ ! -h "$path/cache-id" ] && lacks_lower "$path"; then set -- "$@" "$path"; fi
  done
  [ $# -gt 0 ] || return 0
  mkdir -p "$aside/layers" "$aside/images" || return
  for path; do rm -rf "$aside/layers/${path##*/}" || return; done
  mv "$@" "$aside/layers/" && settle_images
}

bring_back() {
  for path in "$aside"/*/*; do
    own=$imagedb/${path##*/}
    [ "${path%/*}" = "$aside/images" ] || own=$layerdb/${path##*/}
    [ ! -e "$path" ] || [ -e "$own" ] || mv "$path" "$own" || return
  done
}

# Is a directory gone that this layer of the daemon's own lies on?
lacks_lower() { # layer
  slurp "$1/cache-id"
  lower=$root/overlay2/$text/lower text='' link=''
  [ ! -f "$lower" ] || slurp "$lower"
  IFS=:
  for link in $text; do
    [ -e "$root/overlay2/$link" ] || break
    link=
  done
  unset IFS
  [ -n "$link" ]
}

# An image whose layers are not all there.
settle_images() {
  diffs=
  for path in "$layerdb"/*/diff; do
    slurp "$path"
    diffs="$diffs $text "
  done
  set --
  for path in "$imagedb"/*; do
    slurp "$path"
    case $text in *'"diff_ids"'*) text=${text##*'"diff_ids"'} ;; *) continue ;; esac
    IFS='[:", '
    for diff in ${text%%]*}; do
      case $diff in '' | sha256) continue ;; esac
      case $diffs in *":$diff "*) ;; *) set -- "$@" "$path" && break ;; esac
    done
    unset IFS
  done
  [ $# = 0 ] || mv -f "$@" "$aside/images/"
}
