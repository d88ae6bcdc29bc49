# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A system container in a system container: the kernel lets overlayfs stand on overlayfs once, so that no container can be
# mounted on layers that are in this one's image. One mount tells, and what cannot be linked is copied.

choose_link() { # directories of layers in the catalog...
  for layer; do
    if [ -d "$layer" ]; then
      can_mount_on "$layer" || ! can_mount_on other || copy_instead
      return
    fi
  done
}

copy_instead() {
  mode=copy
  say "overlayfs cannot be mounted on $shelf here, as in a container inside a container: the layers are copied"
}

# The other directory is one of the data root: where even that cannot be mounted, nothing is known of the layers.
can_mount_on() { # directory
  : "${trial:=$root/larder/trial}"
  [ ! -e "$trial" ] || rm -rf "$trial" || return
  mkdir -p "$trial/other" "$trial/below" "$trial/on" || return
  # The root's own path in the options would end them at a comma or a colon.
  (cd "$trial" && mount -t overlay -o "lowerdir=$1:below" overlay on 2>/dev/null && umount on)
  mounted=$?
  rm -rf "$trial"
  return "$mounted"
}
