# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# attach --explain for Podman. It has no daemon: attach is run before each of its commands.

explain_podman() { # its arguments
  # shellcheck source=src/attach/podman.sh
  . "$here/podman.sh"
  tell_shelf
  find_graph_root "$@"
  # What runs is a command, or the API's service, which has been started like one.
  process='' version=''
  tell_daemon "$@"
  tell_root
  ask check_config
  ask check_podman_catalog || finish
  ask_before find_mode
  check_start
  find_podman_places
  if was_attached; then
    explain_podman_before
  else
    explain_podman_fresh
  fi
  finish
}

explain_podman_fresh() {
  read_podman_store
  tell_fresh "$others"
  ask check_graph_root || return 0
  ask check_writable || return 0
  find_way "$catalog"/db/*/fs
  plan_layers "$catalog"/db/*
}

explain_podman_before() {
  read_podman_store
  # shellcheck source=src/attach/mend-podman.sh
  . "$here/mend-podman.sh"
  been=yes damaged=0
  for layer in "$catalog"/db/*; do
    name_layer
    ! is_damaged || damaged=$((damaged + 1))
  done
  tell_before "$here_images" "$all" image "${others:+, and $others}"
}

# Sets $here_images to the number of the catalog's images that the store has, and $others to what else it has.
read_podman_store() {
  # shellcheck source=src/attach/podman-merge.sh
  . "$here/podman-merge.sh"
  read_store
  here_images=0 all=0 ours=' ' foreign=0
  while read -r image _; do all=$((all + 1)) ours="$ours$image "; done <"$catalog/images"
  list=${images_text#'['}
  while [ -n "$list" ] && [ "$list" != ']' ]; do
    next_record
    split_record "$record"
    case $ours in *" $record_id "*) here_images=$((here_images + 1)) ;; *) foreign=$((foreign + 1)) ;; esac
  done
  others=''
  [ "$foreign" = 0 ] || { count "$foreign" "other image" && others=$counted; }
}
