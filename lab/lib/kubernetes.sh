# shellcheck shell=bash
# A node of Kubernetes: its programs take minutes of all cores, so they are built only where LARDER_LAB_ALL is set.

KUBERNETES_VERSION=1.36.3 CRI_TOOLS_VERSION=1.37.0
KUBERNETES_SKIPPED=$LAB_DIR/kubernetes-skipped

kubernetes_build() {
  local version=k8s.io/component-base/version minor=${1#*.} source=$GOBIN/source
  minor=${minor%%.*}
  go_install "sigs.k8s.io/cri-tools@v$2" -ldflags "-s -w -X sigs.k8s.io/cri-tools/pkg/version.Version=v$2" ./cmd/crictl &&
    kubernetes_source "$1" "$source" &&
    CGO_ENABLED=0 GOWORK=off GOFLAGS='-buildvcs=false -mod=mod' go -C "$source" install -trimpath \
      -ldflags "-s -w -X $version.gitVersion=v$1 -X $version.gitMajor=1 -X $version.gitMinor=$minor" ./cmd/kubelet &&
    rm -rf "$source"
}

# kubernetes_source VERSION FOLDER: the module, with its staging modules from the proxy. As it is, it takes them from
# folders that the proxy leaves out of it.
kubernetes_source() {
  local module=k8s.io/kubernetes@v$1 source
  source=$(cd / && go mod download "$module" && go list -m -f '{{.Dir}}' "$module") &&
    cp -r --no-preserve=mode "$source" "$2" &&
    rm "$2/go.work" "$2/go.work.sum" &&
    sed -i -E "/^replace \(/,/^\)/d; s#^(\sk8s\.io/[a-z-]+) v0\.0\.0\$#\1 v0.${1#*.}#" "$2/go.mod"
}

kubernetes_programs() { go_programs kubernetes kubernetes_build "$KUBERNETES_VERSION" "$CRI_TOOLS_VERSION"; }

# kubernetes_begin: what takes minutes, and needs nothing of the lab.
kubernetes_begin() {
  rm -f "$KUBERNETES_SKIPPED"
  if ! command -v go >/dev/null; then
    kubernetes_skip "there is no go in PATH"
  elif [ -z "${LARDER_LAB_ALL:-}" ]; then
    echo "it takes minutes to build, and LARDER_LAB_ALL is not set" >"$KUBERNETES_SKIPPED"
  elif ! kubernetes_programs >/dev/null; then
    kubernetes_skip "it could not be built with $(go env GOVERSION): the reason is in $LAB_DIR/log/kubernetes"
  fi
}

# kubernetes_skipped: prints why there is no node; nothing where there is.
kubernetes_skipped() { cat "$KUBERNETES_SKIPPED" 2>/dev/null || true; }

kubernetes_skip() {
  say "skipped: Kubernetes: $1"
  echo "$1" >"$KUBERNETES_SKIPPED"
}

kubernetes_image() {
  local key name=kubernetes-node:${KUBERNETES_VERSION%.*} programs log=$LAB_DIR/log/image-kubernetes-node started=$SECONDS
  if [ -e "$KUBERNETES_SKIPPED" ]; then return; fi
  programs=$(kubernetes_programs)
  key=$(stamp_key "$(cat "$LAB_DIR/stamps/image-containerd-forky")" "$LAB_SRC/images/kubernetes-node" "${programs##*/}" "$REGISTRY")
  if stamp_is image-kubernetes-node "$key"; then return; fi
  docker_client buildx build --progress=plain --provenance=false --build-context "programs=$programs" \
    --build-arg "BASE=$REGISTRY/containerd:latest" -t "$REGISTRY/$name" --push "$LAB_SRC/images/kubernetes-node" \
    >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "image $name could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set image-kubernetes-node "$key"
  say "image $name on debian forky, $((SECONDS - started)) s"
}
