# shellcheck shell=bash
# System images with Podman, of the newest suite and of the oldest.

images_podman() {
  image_build podman forky podman latest
  image_build podman bookworm podman
}
