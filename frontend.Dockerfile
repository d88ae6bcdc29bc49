# Two images, and both as one:
#
#     steps     the root of build steps: Node, the agent and its tools
#     frontend  Node and the frontend; LARDER_STEPS names the image `steps`, which only a PRELOAD needs
#     all       both in one image, for an engine without a registry:
#               docker buildx build -f frontend.Dockerfile -t larder/dockerfile:1 .
FROM node:22-bookworm-slim AS bundle
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && mv dist/* /

# What the build steps need beside Node: they run in this image.
FROM debian:trixie-slim AS tools
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates isal libstdc++6 mount skopeo tar tar-split xz-utils zstd \
 && rm -rf /var/lib/apt/lists/*

FROM tools AS steps
# With --link the layer of Node is the same one in all images.
COPY --link --from=bundle /node /usr/local/bin/
COPY --link --from=bundle /agent /opt/larder/
COPY --link --from=bundle /attach /opt/larder/attach

# Node's libraries, and nothing else of the system.
FROM tools AS libraries
RUN --mount=from=bundle,target=/bundle mkdir /tree \
 && ldd /bundle/node | grep -o '/[^ ]*' \
  | xargs cp --parents --dereference --preserve=timestamps --target-directory=/tree
ARG LARDER_STEPS
RUN : "${LARDER_STEPS:?name the image of the steps: its digest, if it is in the same repository, or a reference}"

FROM scratch AS frontend
COPY --link --from=libraries /tree /
COPY --link --from=bundle /node /usr/local/bin/
COPY --link --from=bundle /frontend /opt/larder/
# Registries of this site that may speak plain HTTP, beside those that a build names itself.
ARG LARDER_INSECURE_REGISTRIES=
# The image of the steps: a digest in the repository of this image, or a reference.
ARG LARDER_STEPS
ENV LARDER_INSECURE_REGISTRIES=$LARDER_INSECURE_REGISTRIES \
    LARDER_STEPS=$LARDER_STEPS
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/usr/local/bin/node", "/opt/larder/frontend.mjs"]

FROM steps AS all
COPY --link --from=bundle /frontend /opt/larder/
ARG LARDER_INSECURE_REGISTRIES=
ENV LARDER_INSECURE_REGISTRIES=$LARDER_INSECURE_REGISTRIES
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/usr/local/bin/node", "/opt/larder/frontend.mjs"]
