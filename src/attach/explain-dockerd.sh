# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# attach --explain dockerd

explain_dockerd() { # its arguments
  # shellcheck source=src/attach/dockerd.sh
  . "$here/dockerd.sh"
  # shellcheck source=src/attach/docker-store.sh
  . "$here/docker-store.sh"
  tell_shelf
  read_settings "$@"
  docker_version
  choose_store
  tell_daemon "$@"
  tell_root
  [ -z "$because" ] || tell store "$uses ($because)"
  find_elsewhere
  ask check_config
  ask check_catalogs || finish
  ask_before find_mode
  check_start
  ask check_store || finish
  explain_store
  tell_other_root
  finish
}

explain_store() {
  case $store in
    overlay2)
      # shellcheck source=src/attach/explain-overlay2.sh
      . "$here/explain-overlay2.sh"
      explain_overlay2
      ;;
    containerd)
      # shellcheck source=src/attach/explain-containerd.sh
      . "$here/explain-containerd.sh"
      if [ -n "$own_containerd" ]; then
        root=$root/containerd/daemon
      else
        explain_other_containerd
        return
      fi
      explain_root
      warn_of_blobs
      ;;
  esac
}

# A start with other arguments may have attached to the default data root.
tell_other_root() {
  [ -z "$been" ] && [ "$root_by" != "the default" ] && [ "$daemon" = dockerd ] || return 0
  for path in "$default_root"/larder/* "$default_root"/containerd/daemon/larder/*; do
    case ${path##*/} in *.* | '*') continue ;; esac
    say "an earlier start has attached to $default_root, and this one uses $root"
    return
  done
}
