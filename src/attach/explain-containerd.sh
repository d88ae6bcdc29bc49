# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# attach --explain containerd, and the part of it that is Docker's.

# shellcheck source=src/attach/containerd.sh
. "$here/containerd.sh"

explain_containerd() { # its arguments
  tell_shelf
  ask find_root "$@" || finish
  find_root "$@"
  tell_daemon "$@"
  tell_root
  case $root in
    */containerd/daemon) say "this is the root of Docker's own containerd: attach --explain dockerd explains it better" ;;
  esac
  find_elsewhere
  ask check_config
  ask check_catalog || finish
  ask_before find_mode
  check_start
  explain_root
  finish
}

# Docker uses a containerd that others start, by its own arguments.
explain_other_containerd() {
  daemon=containerd program=containerd version='' words=''
  find_process containerd
  set --
  if [ -n "$process" ]; then
    while IFS= read -r word; do set -- "$@" "$word"; done <<END
$found_words
END
    shift
  fi
  ask find_root "$@" || finish
  find_root "$@"
  words=$found_words
  tell_daemon "$@"
  tell_root
  ask check_config
  check_start
  explain_root
}

explain_root() {
  find_places
  if [ -e "$metadata" ] && was_attached; then
    explain_before
    return
  fi
  content=''
  [ ! -e "$metadata" ] || content="a containerd's database"
  tell_fresh "$content"
  ask check_places || return 0
  ask check_writable || return 0
  find_way "$catalog"/layers/*
  plan_layers "$catalog"/layers/*
  if [ -e "$metadata" ]; then
    # shellcheck source=src/attach/merge.sh
    . "$here/merge.sh"
    ask check_tools || return 0
    plan="$plan, beside what is there, with ctr"
  fi
  check_past
}

explain_before() {
  # shellcheck source=src/attach/mend-containerd.sh
  . "$here/mend-containerd.sh"
  been=yes layers=0 damaged=0 all=0
  if [ ! -e "${snapshots%/*}/metadata.db" ]; then
    ask check_snapshots || return 0
    tell there "attached before by $mode; the snapshots are gone"
    plan="lays the snapshots anew"
    return
  fi
  for list in "$root"/larder/snapshots.*; do
    [ -r "$list" ] || continue
    while read -r snapshot kind key; do
      all=$((all + 1))
      [ ! -d "$snapshots/$snapshot" ] || layers=$((layers + 1))
      ! is_damaged || damaged=$((damaged + 1))
    done <"$list"
  done
  tell_before "$layers" "$all" snapshot ''
}
