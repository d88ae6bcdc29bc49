# Builds the frontend image for amd64 and arm64, and pushes it under a name of your own:
#
#     IMAGE=registry.example/larder/dockerfile docker buildx bake --push
#
# The arm64 half runs npm and apt-get, so an amd64 builder needs QEMU for it.

variable "IMAGE" {
  description = "Name of the frontend image, without a tag"
  default     = "larder/dockerfile"
}

variable "VERSION" {
  description = "A release such as 1.2.3, which becomes a tag beside :1"
  default     = ""
}

group "default" {
  targets = ["frontend"]
}

target "frontend" {
  dockerfile = "frontend.Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  tags       = VERSION == "" ? ["${IMAGE}:1"] : ["${IMAGE}:1", "${IMAGE}:${VERSION}"]
}
