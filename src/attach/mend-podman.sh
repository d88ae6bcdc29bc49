# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# A root that was attached before. What gets lost when one is copied (by Sysbox at stop, by rsync, cp or tar) is made
# again: devices, links, modes, and in copies of layers extended attributes. What Podman has removed stays removed: it
# believes in a layer while the layer is among its records.

# Sets $mended to the number of layers.
mend() {
  mended=0 made=''
  read_store
  for layer in "$catalog"/db/*; do
    name_layer
    if is_damaged; then
      mend_layer || fail "cannot mend the inner images in $root"
      mended=$((mended + 1))
    fi
  done
  [ -z "$made" ] || rm -rf "$made"
  [ -z "$copied" ] || mark
}

# Does Podman still believe in the $layer that attach put there, of which something is missing?
is_damaged() {
  case $layers_text in *"{\"id\":\"$layer_id\""*) ;; *) return 1 ;; esac
  # Podman has pulled this one itself.
  [ -h "$target/diff" ] || [ -e "$target/copied" ] || [ ! -e "$target/diff" ] || return 1
  ! is_whole
}

is_whole() {
  [ -e "$target/diff" ] && [ -e "$root/overlay-layers/$layer_id.tar-split.gz" ] || return
  for path in "$tree/overlay/$layer_id"/*; do [ -e "$target/${path##*/}" ] || return; done
  # A copied copy may lack what cannot be seen in milliseconds: hard links, attributes, modes.
  [ -h "$target/diff" ] || [ -z "$copied" ] || return
  slurp "$layer/link"
  [ -h "$root/overlay/l/$text" ] || return
  [ ! -e "$layer/whiteouts" ] || has_own_whiteouts
}

has_own_whiteouts() {
  has_whiteouts "$layer/whiteouts" "$target/whiteouts/diff" || return
  slurp "$layer/lower"
  [ -h "$root/overlay/${text%%:*}" ]
}

mend_layer() {
  if [ -e "$target/copied" ]; then
    copy_layer && cp -L -f "$tree/overlay-layers/$layer_id.tar-split.gz" "$root/overlay-layers/" || return
  else
    rm -rf "$target" "$root/overlay-layers/$layer_id.tar-split.gz" &&
      cp -R -P "$tree/overlay/$layer_id" "$root/overlay/" &&
      cp -P "$tree/overlay-layers/$layer_id.tar-split.gz" "$root/overlay-layers/" || return
  fi
  slurp "$layer/link"
  mend_link "l/$text" || return
  [ -e "$layer/whiteouts" ] || return 0
  [ -n "$made" ] || make_whiteouts_aside "$root/overlay" "$catalog"/db/*/whiteouts || return
  slurp "$layer/lower"
  mend_link "${text%%:*}" && mkdir -p "$target/whiteouts" && mv "$made/$layer_id/whiteouts/diff" "$target/whiteouts/"
}

mend_link() { # below the driver's directory
  rm -rf "$root/overlay/$1" && cp -P "$tree/overlay/$1" "$root/overlay/$1"
}
