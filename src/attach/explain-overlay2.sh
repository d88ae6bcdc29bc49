# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# attach --explain for Docker's graph driver.

explain_overlay2() {
  # shellcheck source=src/attach/overlay2.sh
  . "$here/overlay2.sh"
  find_places
  count_images
  if was_attached; then
    explain_before
    return
  fi
  tell_fresh "$others"
  ask check_places || return 0
  ask check_writable || return 0
  find_way "$catalog"/db/*/fs
  plan_layers "$catalog"/db/*
  explain_references
  check_past
}

# Sets $here_images to the number of the catalog's images that Docker has, and $others to what else it has.
count_images() {
  here_images=0 all=0 ours=' '
  while read -r image _; do
    all=$((all + 1)) ours="$ours$image "
    [ ! -e "$imagedb/$image" ] || here_images=$((here_images + 1))
  done <"$catalog/images"
  set --
  for path in "$imagedb"/*; do
    case $ours in *" ${path##*/} "*) continue ;; esac
    [ ! -e "$path" ] || set -- "$@" "$path"
  done
  count "$#" "other image"
  others=''
  [ $# = 0 ] || others=$counted
}

explain_before() {
  # shellcheck source=src/attach/mend-overlay2.sh
  . "$here/mend-overlay2.sh"
  been=yes layers=0 damaged=0
  for record in "$tree"/image/overlay2/layerdb/sha256/*; do
    [ ! -d "$layerdb/${record##*/}" ] || layers=$((layers + 1))
    ! is_damaged || damaged=$((damaged + 1))
  done
  tell_before "$here_images" "$all" image "${others:+, and $others}"
}

# Names that stay the user's own.
explain_references() {
  # shellcheck source=src/attach/references.sh
  . "$here/references.sh"
  if ! join_references; then
    reasons="${reasons}cannot read $repositories: remove it, or start with an empty volume$newline"
    return
  fi
  for reference in $kept; do
    say "$reference names another image in $root, and stays so: docker rmi $reference there, and start the daemon again"
  done
}
