# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# Puts layers and images into a root of containers-storage, which may hold others. Its records are lists of JSON in one
# line that Go wrote: [{"id":"...",...},{"id":"...",...}]. In a string of such a record each quote is escaped, so that
# `{"id":"` begins a record and nothing else.

lay() {
  # shellcheck source=src/attach/podman-moved.sh
  . "$here/podman-moved.sh"
  find_way "$catalog"/db/*/fs
  write_record images "$catalog/images"
  read_store
  drop_lost || fail "cannot remove from $root what an earlier system image left there"
  {
    lay_layers && make_whiteouts "$root/overlay" "$catalog"/db/*/whiteouts && lay_metadata && add_layers && add_images
  } || fail "cannot put the inner images into $root"
  bring_back || fail "cannot bring back in $root what stood on images of this system image"
  mark
}

# The store's own records, as they are.
read_store() {
  layers_text='[]' images_text='[]' text=''
  [ ! -s "$layers" ] || { slurp "$layers" && layers_text=$text; }
  text=''
  [ ! -s "$images" ] || { slurp "$images" && images_text=$text; }
  case $layers_text$images_text in
    '['*']['*']') ;;
    *) fail "$layers or $images has a form that is not known" ;;
  esac
}

# The directories of the layers. One that Podman pulled itself stays.
lay_layers() {
  cp -R -P -f "$tree/overlay/l" "$root/overlay/" || return
  [ "$mode" = link ] || ! has_xattrs || warn_of_xattrs
  set --
  for layer in "$catalog"/db/*; do
    name_layer
    case $layers_text in *"{\"id\":\"$layer_id\""*) [ -h "$target/link" ] || [ ! -e "$target/link" ] || continue ;; esac
    if [ "$mode" = link ]; then
      # A copy that an earlier attach made serves as well.
      if [ ! -d "$target/diff" ] || [ -h "$target/diff" ]; then set -- "$@" "$tree/overlay/$layer_id"; fi
    elif [ -h "$target/diff" ] || [ ! -e "$target/copied" ]; then
      copy_layer || return
    fi
  done
  [ $# = 0 ] || cp -R -P -f "$@" "$root/overlay/"
}

# The $layer of the catalog in the store: $layer_id, and $target, its directory there.
name_layer() {
  read -r layer_id <"$layer/layer"
  target=$root/overlay/$layer_id
}

copy_layer() { # $layer of the catalog to $target
  rm -rf "$target" && mkdir -m 700 "$target" && cp -a "$layer/fs/." "$target/diff" || return
  for name in link lower lower-layers; do
    [ ! -e "$layer/$name" ] || cp "$layer/$name" "$target/$name" || return
  done
  [ ! -e "$tree/overlay/$layer_id/empty" ] || mkdir -m 700 "$target/empty" || return
  : >"$target/copied"
}

whiteout_directory() { # list
  read -r directory <"${1%/*}/layer" && directory=$directory/whiteouts/diff
}

# Records of tars, manifests and configs.
lay_metadata() {
  umask 077
  mkdir -p "$root/overlay-layers" "$root/overlay-images" || return
  if [ "$mode" = link ]; then links=-P; else links=-L; fi
  for path in "$tree"/overlay-layers/*; do
    # cp would refuse to copy a file to a link that leads to it.
    [ -e "$path" ] || continue
    own=$root/overlay-layers/${path##*/}
    if [ -h "$own" ]; then rm "$own" || return; fi
    [ -e "$own" ] || cp "$links" "$path" "$own" || return
  done
  cp -R -f "$tree/overlay-images/." "$root/overlay-images/" || return
  umask 022
}

# Layers that the store does not know.
add_layers() {
  added=''
  while IFS= read -r record; do
    layer_id=${record#'{"id":"'}
    layer_id=${layer_id%%\"*}
    case $layers_text in *"{\"id\":\"$layer_id\""*) continue ;; esac
    append_record "$layers_text" "$record"
    layers_text=$text added=yes
  done <"$catalog/layers"
  [ -z "$added" ] || replace "$layers" "$layers_text"
}

append_record() { # list, record; into $text
  case $1 in
    '[]') text="[$2]" ;;
    *) text=${1%?},$2] ;;
  esac
}

# A name of the user's own stays with its image; one that an earlier attach set, and nobody has moved since, follows.
add_images() {
  set_before=''
  [ ! -r "$root/larder/references" ] ||
    while read -r line; do set_before="$set_before $line "; done <"$root/larder/references"
  while IFS= read -r record; do add_image "$record"; done <"$catalog/image-records"
  replace "$images" "$images_text"
}

add_image() { # record
  split_record "$1"
  image_id=$record_id ours=$record_names kept=''
  while [ -n "$ours" ]; do
    next_name "$ours"
    ours=$rest
    find_name "$name"
    case $owner in
      '') kept="$kept${kept:+,}\"$name\"" ;;
      "$image_id") continue ;;
      *)
        case $set_before in *" $name $owner "*) ;; *) continue ;; esac
        change_names "$owner" "$(without_name "$name")"
        kept="$kept${kept:+,}\"$name\""
        ;;
    esac
    case $set_before in
      *" $name $image_id "*) ;;
      *) printf '%s %s\n' "$name" "$image_id" >>"$root/larder/references" ;;
    esac
  done
  case $images_text in
    *"{\"id\":\"$image_id\""*)
      [ -n "$kept" ] || return 0
      names_of "$image_id"
      change_names "$image_id" "$kept${record_names:+,}$record_names"
      ;;
    *)
      split_record "$1"
      with_names "$kept"
      append_record "$images_text" "$text"
      images_text=$text
      ;;
  esac
}

# Takes the first $name from a list of names, which leaves the $rest.
next_name() { # "one","two"
  name=${1#\"}
  name=${name%%\"*}
  rest=${1#*\"*\"}
  rest=${rest#,}
}

# Sets $owner to the image that has this name, or to nothing.
find_name() { # name
  owner='' list=${images_text#'['}
  case $list in *"\"$1\""*) ;; *) return ;; esac
  while [ -n "$list" ] && [ "$list" != ']' ]; do
    next_record
    split_record "$record"
    case ",$record_names," in
      *",\"$1\","*)
        owner=$record_id
        return
        ;;
    esac
  done
}

# Takes the first $record from $list.
next_record() {
  case ${list#?} in
    *'{"id":"'*)
      record=${list#?}
      record="{${record%%'{"id":"'*}"
      list=${list#"$record"}
      record=${record%,}
      ;;
    *) record=${list%]} list='' ;;
  esac
}

# Sets $record_id, $record_names (without brackets), and the parts around the names.
split_record() { # record
  record_id=${1#'{"id":"'}
  record_id=${record_id%%\"*}
  record_names='' record_head='' record_tail=''
  case $1 in
    *',"names":['*)
      record_head=${1%%',"names":['*} record_tail=${1#*',"names":['}
      record_names=${record_tail%%]*} record_tail=${record_tail#*]}
      ;;
    # {"id":"...","digest":"..." and what follows.
    *',"digest":"'*)
      record_tail=${1#*',"digest":"'}
      record_head=${1%%',"digest":"'*}',"digest":"'${record_tail%%\"*}\"
      record_tail=${record_tail#*\"}
      ;;
    *) record_head="{\"id\":\"$record_id\"" record_tail=${1#"{\"id\":\"$record_id\""} ;;
  esac
}

# The split record with these names, into $text.
with_names() { text=$record_head${1:+",\"names\":[$1]"}$record_tail; }

names_of() { # image; into $record_names
  record="{\"id\":\"$1\"${images_text#*"{\"id\":\"$1\""}"
  list=$record
  next_record
  split_record "$record"
}

without_name() { # name; of the names in $record_names
  rest=",$record_names," name=",\"$1\","
  rest=${rest%%"$name"*},${rest#*"$name"}
  rest=${rest#,}
  printf %s "${rest%,}"
}

change_names() { # image, its names now
  head=${images_text%%"{\"id\":\"$1\""*}
  names_of "$1"
  tail=${images_text#"$head$record"}
  with_names "$2"
  images_text=$head$text$tail
}

# Readers see the old file or the new one.
replace() { # file, text
  umask 077
  printf %s "$2" >"$1.larder" && mv -f "$1.larder" "$1" || return
  umask 022
}
