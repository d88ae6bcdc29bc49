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
  rm -rf "$root/larder/trial" && mkdir -p "$root/larder/trial/other" "$root/larder/trial/below" "$root/larder/trial/on" || return
  (
    # A path in the options would end at a comma or a colon.
    cd "$root/larder/trial" 2>/dev/null && ln -s "$1" layer &&
      mount -t overlay -o lowerdir=layer:below overlay on 2>/dev/null && umount on
  )
  mounted=$?
  rm -rf "$root/larder/trial"
  return "$mounted"
}
