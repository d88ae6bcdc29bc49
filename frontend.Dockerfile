# The frontend image: docker buildx build -f frontend.Dockerfile -t larder/dockerfile:1 .
FROM node:22-bookworm-slim AS bundle
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && mv dist/* /

# What the build steps need beside Node: they run in this image.
FROM debian:trixie-slim AS tools
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libstdc++6 mount skopeo tar xz-utils zstd \
 && rm -rf /var/lib/apt/lists/*

FROM tools
# Registries of this site that may speak plain HTTP, beside those that a build names itself.
ARG LARDER_INSECURE_REGISTRIES=
ENV LARDER_INSECURE_REGISTRIES=$LARDER_INSECURE_REGISTRIES
COPY --from=bundle /node /usr/local/bin/
COPY --from=bundle /*.mjs /opt/larder/
COPY --from=bundle /attach /opt/larder/attach
LABEL moby.buildkit.frontend.network.none="true" \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["node", "/opt/larder/frontend.mjs"]
