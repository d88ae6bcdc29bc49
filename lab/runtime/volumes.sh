# shellcheck shell=bash
# Directories of the host in the places where container managers keep their data: what the image has there is copied in
# when the container starts, and back when it stops, without devices and extended attributes, as rsync does.
# Its options are those of Sysbox.

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
    # A mount of the manager's own goes first.
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

# volumes_watched ROOTFS: the path whose removal means that the container is gone. Docker's graph drivers take "merged"
# away when it stops, and not what it is in.
volumes_watched() { echo "${1%/merged}"; }

# volumes_mount DIRECTORY: since when the mount is there: overlayfs makes work/work at each mount. containerd mounts anew for
# a container that was stopped, and not for one that is restarted: Sysbox then takes it for a new container. Docker's graph
# drivers always do, and it is not looked at.
volumes_mount() {
  case $(cat "$1/watched") in */overlay2/*) ;; *) stat -c %w "$(dirname "$(cat "$1/target")")/work/work" 2>/dev/null || true ;; esac
}

# volumes_target ROOTFS: where things are copied back to: in an overlay its upper directory, since the root that the
# container has is not on the host.
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

# volumes_sweep: what containers have left that were removed.
volumes_sweep() {
  local watched
  for watched in "$VOLUMES"/*/watched; do
    if [ -e "$watched" ] && [ ! -e "$(cat "$watched")" ]; then rm -rf "${watched%/*}"; fi
  done
}
