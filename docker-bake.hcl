# Builds Larder's images for amd64 and arm64, and pushes them under a name of your own. The image of the build steps
# comes first, since the frontend image names it by its digest:
#
#     export IMAGE=registry.example/larder/dockerfile
#     docker buildx bake --push --metadata-file steps.json steps
#     STEPS=$(jq -r '.steps["containerimage.digest"]' steps.json) docker buildx bake --push frontend
#
# The arm64 half runs npm and apt-get, so an amd64 builder needs QEMU for it.

variable "IMAGE" {
  description = "Name of the frontend image, without a tag"
  default     = "larder/dockerfile"
}

variable "STEPS" {
  description = "Digest of the image of the steps in the same repository, or a reference"
  default     = ""
}

variable "VERSION" {
  description = "A release such as 1.2.3, which becomes a tag beside :1"
  default     = ""
}

group "default" {
  targets = ["frontend"]
}

target "image" {
  dockerfile = "frontend.Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
}

target "frontend" {
  inherits = ["image"]
  target   = "frontend"
  args     = { LARDER_STEPS = STEPS }
  tags     = VERSION == "" ? ["${IMAGE}:1"] : ["${IMAGE}:1", "${IMAGE}:${VERSION}"]
}

# Registries delete images without a tag: this one has a tag for each release.
target "steps" {
  inherits = ["image"]
  target   = "steps"
  tags     = VERSION == "" ? ["${IMAGE}:1-steps"] : ["${IMAGE}:1-steps", "${IMAGE}:${VERSION}-steps"]
}
