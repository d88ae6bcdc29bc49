# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A store (a volume) that another system image attached to before, whose shelf is not here.

# What that one attached and this one does not have: Podman would believe in it, and could not mount it. The user's own
# layers and images that stand on it are set aside.
drop_lost() {
  aside=$root/larder/aside lost=''
  list=${layers_text#'['}
  while [ -n "$list" ] && [ "$list" != ']' ]; do
    next_record
    split_record "$record"
    own=$root/overlay/$record_id/link
    if [ -h "$own" ] && [ ! -e "$own" ]; then lost="$lost $record_id "; fi
  done
  [ -n "$lost" ] || return 0
  gone=$lost
  mkdir -p "$aside/overlay" "$aside/overlay-layers" "$aside/overlay-images" || return
  keep_records "$layers_text" parent set_layer_aside || return
  layers_text=$kept
  keep_records "$images_text" layer set_image_aside || return
  images_text=$kept
  replace "$layers" "$layers_text" && replace "$images" "$images_text" || return
  # These come last: they tell an attach after a killed one what is lost.
  for layer_id in $gone; do
    rm -rf "$root/overlay/$layer_id" "$root/overlay-layers/$layer_id.tar-split.gz" || return
  done
  forget_markers
}

# Sets $kept to those records of a list that are not lost, and stand on none that is; the others become lost, too.
keep_records() { # list, the key that names the layer below, the function that takes one of the user's own
  kept='[]' list=${1#'['}
  while [ -n "$list" ] && [ "$list" != ']' ]; do
    next_record
    split_record "$record"
    below=''
    case $record in *",\"$2\":\""*) below=${record#*",\"$2\":\""} && below=${below%%\"*} ;; esac
    case $lost in
      *" $record_id "*) continue ;;
      *" $below "*)
        lost="$lost $record_id "
        "$3" || return
        continue
        ;;
    esac
    append_record "$kept" "$record"
    kept=$text
  done
}

set_layer_aside() {
  printf '%s\n' "$record" >>"$aside/layers" && set_aside "overlay/$record_id" &&
    set_aside "overlay-layers/$record_id.tar-split.gz"
}

# Those that attach put there come anew with their system image.
set_image_aside() {
  for path in "$root"/larder/images.*; do
    while read -r image _; do
      [ "$image" != "$record_id" ] || { rm -rf "$root/overlay-images/$image" && return; }
    done <"$path"
  done
  printf '%s\n' "$record" >>"$aside/images" && set_aside "overlay-images/$record_id"
}

# An attach that was killed may have moved it already.
set_aside() { # path in the store
  [ ! -e "$root/$1" ] || { rm -rf "${aside:?}/$1" && mv "$root/$1" "$aside/$1"; }
}

# Where a system image comes again whose images are lost, it attaches anew.
forget_markers() {
  rm -f "$root"/larder/checked.* || return
  for path in "$root"/larder/images.*; do
    [ -r "$path" ] || continue
    while read -r image _; do
      case $images_text in
        *"{\"id\":\"$image\""*) ;;
        *) rm -f "$root/larder/${path##*/images.}" || return ;;
      esac
    done <"$path"
  done
}

# What was set aside, where what it stood on is there again; unless the user has made it anew.
bring_back() {
  aside=$root/larder/aside
  [ -d "$aside" ] || return 0
  return_records layers parent "$layers_text" || return
  layers_text=$known
  return_records images layer "$images_text" || return
  images_text=$known
  replace "$layers" "$layers_text" && replace "$images" "$images_text" || return
  [ -s "$aside/layers" ] || [ -s "$aside/images" ] || rm -rf "$aside"
}

# Puts the records of a file of $aside into a list, $known, and their files into the store.
return_records() { # file, the key that names the layer below, list
  known=$3 left=''
  [ -r "$aside/$1" ] || return 0
  while IFS= read -r record; do
    split_record "$record"
    below=${record#*",\"$2\":\""}
    below=${below%%\"*}
    [ "$1" = images ] || layers_text=$known
    case $known in *"{\"id\":\"$record_id\""*) continue ;; esac
    case $layers_text in
      *"{\"id\":\"$below\""*) ;;
      *)
        left="$left$record
"
        continue
        ;;
    esac
    if [ "$1" = layers ]; then
      bring_file "overlay/$record_id" && bring_file "overlay-layers/$record_id.tar-split.gz" || return
    else
      bring_file "overlay-images/$record_id" && drop_taken_names || return
    fi
    append_record "$known" "$record"
    known=$text
  done <"$aside/$1"
  printf %s "$left" >"$aside/$1"
}

bring_file() { # path in the store
  [ ! -e "$aside/$1" ] || [ -e "$root/$1" ] || mv "$aside/$1" "$root/$1"
}

# Names of the $record that other images have by now.
drop_taken_names() {
  original=$record names=$record_names free='' images_text=$known
  while [ -n "$names" ]; do
    next_name "$names"
    names=$rest
    find_name "$name"
    [ -n "$owner" ] || free="$free${free:+,}\"$name\""
  done
  split_record "$original"
  with_names "$free"
  record=$text
}
