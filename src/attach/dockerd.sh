# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# Docker: where its data root is, and in which store it will keep images.

attach_dockerd() {
  check_catalogs
  find_mode
  # shellcheck source=src/attach/docker-store.sh
  . "$here/docker-store.sh"
  read_settings "$@"
  choose_store
  check_store
  case $store in
    overlay2)
      # shellcheck source=src/attach/overlay2.sh
      . "$here/overlay2.sh"
      attach_overlay2
      ;;
    containerd)
      # One that others start is attached when it starts.
      [ -n "$own_containerd" ] || return 0
      # shellcheck source=src/attach/containerd.sh
      . "$here/containerd.sh"
      root=$root/containerd/daemon
      attach_root
      warn_of_blobs
      ;;
  esac
}

# Ends attach where no image is for Docker.
check_catalogs() {
  holds_overlay2 || holds_moby ||
    skip "$shelf has no images for Docker: name them with PRELOAD, without --namespace, in the Dockerfile of this image"
}

# Fails where no image is for the store that dockerd will use.
check_store() {
  case $store in
    overlay2) holds_overlay2 || refuse_store ;;
    containerd) holds_moby || refuse_store ;;
    *) refuse_store ;;
  esac
}

# The containerd that dockerd has started for itself. dockerd's part has been here a moment ago, unless dockerd was
# started past it; whether it will look for images here, only its own arguments tell.
attach_dockers_own() {
  holds_moby || return 0
  case $mode in link | copy) ;; *) return 0 ;; esac
  again=yes
  # Otherwise it is the stock step that asks, for a daemon that it will start itself.
  [ -z "${LARDER_STARTED_BY-}" ] || is_dockers_store || return 0
  attach_root
  # dockerd's part has said it where it attached.
  [ "${what-}" != attached ] || warn_of_blobs
}

# Docker lists and runs such images, and says too little, or nothing, where it cannot do more with them.
warn_of_blobs() {
  [ ! -e "$shelf/catalog/containerd/no-blobs" ] ||
    say "docker save and docker push do not work for these images, since their compressed layers were left out at build (--blobs)"
}

is_dockers_store() {
  # shellcheck source=src/attach/docker-store.sh
  . "$here/docker-store.sh"
  own=$root
  set --
  while IFS= read -r word; do set -- "$@" "$word"; done <<END
$(words_of "$LARDER_STARTED_BY")
END
  case ${1-} in dockerd | */dockerd) shift ;; *) set -- ;; esac
  read_settings "$@"
  choose_store
  root=$own
  [ "$store" = containerd ]
}

holds_overlay2() { [ -r "$shelf/catalog/overlay2/id" ]; }

# Docker sees one namespace of containerd only.
holds_moby() {
  [ -r "$shelf/catalog/containerd/id" ] || return
  slurp_lines "$shelf/catalog/containerd/images"
  case $text in *' moby:'*) ;; *) return 1 ;; esac
}
