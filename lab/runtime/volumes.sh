# shellcheck shell=bash
# Directories of the host replace those in which container managers keep their data. The image's files there are copied
# in when the container starts, and back when it stops: without devices and extended attributes, as rsync does with the
# options of Sysbox.

VOLUMES=/var/lib/larder-sysbox
PLACES=(/var/lib/kubelet /var/lib/buildkit /var/lib/k0s /var/lib/rancher/k3s /var/lib/rancher/rke2
  /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs)

volumes_copy() { rsync -rauqlH --no-devices --delete "$1/" "$2"; }

# volumes_mode PLACE
volumes_mode() {
  case $1 in /var/lib/kubelet | /var/lib/buildkit | /var/lib/k0s | /var/lib/rancher/*) echo 755 ;; *) echo 700 ;; esac
}

# volumes_create CONTAINER ROOTFS CONFIG: prints [{source, destination}, ...].
volumes_create() {
  local dir=$VOLUMES/$1 rootfs=$2 places=("${PLACES[@]}") place data_root='' known=true
  volumes_sweep
  if [ -e "$dir/mount" ] && [ "$(volumes_mount "$dir")" != "$(cat "$dir/mount")" ]; then rm -rf "$dir"; fi
  if [ -e "$rootfs/etc/docker/daemon.json" ]; then
    data_root=$(jq -r '.["data-root"] // ""' "$rootfs/etc/docker/daemon.json" 2>/dev/null) || data_root=''
  fi
  places+=("${data_root:-/var/lib/docker}")
  if [ ! -d "$dir" ]; then
    known=false
    mkdir -p "$dir"
    volumes_watched "$rootfs" >"$dir/watched"
    volumes_target "$rootfs" >"$dir/target"
  fi
  for place in "${places[@]}"; do
    # A mount of the manager's own takes precedence.
    if jq -e --arg place "$place" 'any(.mounts[]; .destination == $place)' "$3" >/dev/null; then continue; fi
    if ! $known; then
      mkdir -p "$dir/volumes$place"
      chmod "$(volumes_mode "$place")" "$dir/volumes$place"
      if [ -d "$rootfs$place" ]; then volumes_copy "$rootfs$place" "$dir/volumes$place"; fi
      echo "$place" >>"$dir/places"
    fi
    jq -n --arg source "$dir/volumes$place" --arg destination "$place" '{$source, $destination}'
  done | jq -s .
}

# volumes_watched ROOTFS: prints the path that exists as long as the container. When a container stops, Docker's graph
# drivers remove "merged", but not its parent.
volumes_watched() { echo "${1%/merged}"; }

# volumes_mount DIRECTORY: prints the time of the mount, at which overlayfs makes work/work. containerd mounts anew
# after a stop but not for a restart. Sysbox takes a container with a new mount for a new container. Docker's graph
# drivers always mount anew, so their time is not used.
volumes_mount() {
  case $(cat "$1/watched") in */overlay2/*) ;; *) stat -c %w "$(dirname "$(cat "$1/target")")/work/work" 2>/dev/null || true ;; esac
}

# volumes_target ROOTFS: prints the target of the copy back. It is the upper directory of an overlay, since the host
# does not see the container's root.
volumes_target() {
  local options upper
  options=$(findmnt -rno FS-OPTIONS --mountpoint "$1" -t overlay | tail -n 1)
  upper=$(tr , '\n' <<<"$options" | sed -n 's/^upperdir=//p')
  echo "${upper:-$1}"
}

# volumes_stop CONTAINER
volumes_stop() {
  local dir=$VOLUMES/$1 target place
  [ -s "$dir/places" ] || return 0
  target=$(cat "$dir/target")
  while read -r place; do
    if [ ! -d "$target$place" ]; then
      [ -n "$(ls -A "$dir/volumes$place")" ] || continue
      (umask "$(printf %03o $((0777 - 0$(volumes_mode "$place"))))" && mkdir -p "$target$place")
    fi
    volumes_copy "$dir/volumes$place" "$target$place"
  done <"$dir/places"
  volumes_mount "$dir" >"$dir/mount"
}

# volumes_sweep: removes the remains of removed containers.
volumes_sweep() {
  local watched
  for watched in "$VOLUMES"/*/watched; do
    if [ -e "$watched" ] && [ ! -e "$(cat "$watched")" ]; then rm -rf "${watched%/*}"; fi
  done
}
