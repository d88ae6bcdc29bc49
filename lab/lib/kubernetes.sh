# shellcheck shell=bash
# A node of Kubernetes, its control plane, and kind. They take minutes of all cores, so only LARDER_LAB_ALL builds them.

KUBERNETES_VERSION=1.36.3 CRI_TOOLS_VERSION=1.37.0 KIND_VERSION=0.33.0
CONTROL_PLANE=(kube-apiserver kube-controller-manager kube-scheduler)
KUBERNETES_SKIPPED=$LAB_DIR/kubernetes-skipped

# kubernetes_build VERSION CRI-TOOLS KIND PROGRAM...
kubernetes_build() {
  local kubernetes=$1 cri_tools=$2 kind=$3 version=k8s.io/component-base/version minor=${1#*.} source=$GOBIN/source
  minor=${minor%%.*}
  shift 3
  go_install "sigs.k8s.io/cri-tools@v$cri_tools" -ldflags "-s -w" ./cmd/crictl &&
    go_install "sigs.k8s.io/kind@v$kind" -ldflags "-s -w" . &&
    kubernetes_source "$kubernetes" "$source" &&
    CGO_ENABLED=0 GOWORK=off GOFLAGS='-buildvcs=false -mod=mod' go -C "$source" install -trimpath \
      -ldflags "-s -w -X $version.gitVersion=v$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor" \
      "${@/#/./cmd/}" &&
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

kubernetes_programs() {
  go_programs kubernetes kubernetes_build "$KUBERNETES_VERSION" "$CRI_TOOLS_VERSION" "$KIND_VERSION" \
    kubelet kubeadm kubectl "${CONTROL_PLANE[@]}"
}

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

# kubernetes_kind: prints the path of kind.
kubernetes_kind() { [ -e "$KUBERNETES_SKIPPED" ] || echo "$(kubernetes_programs)/kind"; }

kubernetes_skip() {
  say "skipped: Kubernetes: $1"
  echo "$1" >"$KUBERNETES_SKIPPED"
}

# kubernetes_images: the node, the programs of a control plane, and etcd.
kubernetes_images() {
  local programs program
  if [ -e "$KUBERNETES_SKIPPED" ]; then return; fi
  programs=$(kubernetes_programs)
  image_build etcd forky etcd-server
  for program in "${CONTROL_PLANE[@]}"; do
    kubernetes_image control-plane "$program:v$KUBERNETES_VERSION" "$programs" --build-arg "PROGRAM=$program"
  done
  kubernetes_image kubernetes-node "kubernetes-node:${KUBERNETES_VERSION%.*}" "$programs" \
    --build-context "debs=$(image_debs kubernetes-node forky)" --build-arg "BASE=$REGISTRY/containerd:latest"
  # kind's image has a containerd of its own, too. Its build reaches the registry by the engine's network.
  if [ -e "$DOCKER29_SKIPPED" ]; then return; fi
  kubernetes_image kind-node "kind-node:v$KUBERNETES_VERSION" "$programs" --network host --allow network.host \
    --build-arg "BASE=$REGISTRY/debian:trixie" \
    --build-context "debs=$(image_debs kind-node trixie)" --build-context "containerd=$(docker29_programs)" \
    --build-context "cluster=$REPOSITORY/examples/kubernetes-cluster" \
    --build-arg "VERSION=$KUBERNETES_VERSION" --build-arg "PAUSE=$REGISTRY/pause:3" --build-arg "OTHER=$REGISTRY/nginx:latest"
}

# kubernetes_image FOLDER NAME PROGRAMS ARGUMENT...
kubernetes_image() {
  local folder=$1 name=$2 programs=$3 key log started=$SECONDS
  shift 3
  log=$LAB_DIR/log/image-${name%:*}
  # Of NAME=FOLDER, the folder's files count.
  key=$(stamp_key "$(cat "$LAB_DIR/stamps/image-containerd-forky")" "$LAB_SRC/images/$folder" "${programs##*/}" "$REGISTRY" "${@#*=}")
  if stamp_is "image-${name%:*}" "$key"; then return; fi
  docker_client buildx build --progress=plain --provenance=false --build-context "programs=$programs" "$@" \
    -t "$REGISTRY/$name" --push "$LAB_SRC/images/$folder" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "image $name could not be built: the last lines are above, the rest is in $log"
  }
  stamp_set "image-${name%:*}" "$key"
  say "image $name, $((SECONDS - started)) s"
}
