# shellcheck shell=bash
# Programs that are built with Go from its module proxy. Another clone on this machine finds them in the cache.

GO_CACHE=${LARDER_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/larder}

# go_programs NAME FUNCTION [VERSION...]: prints the folder with the programs that `FUNCTION VERSION...` puts into $GOBIN.
# In a shell of its own, so that its lock ends with it.
go_programs() (
  name=$1 log=$LAB_DIR/log/$1 started=$SECONDS
  shift
  dir=$GO_CACHE/$name-$(stamp_key "$(declare -f go_install "$1")" "$@" "$(go version)")
  mkdir -p "$GO_CACHE"
  exec {lock}>"$GO_CACHE/$name.lock"
  flock "$lock"
  if [ ! -d "$dir" ]; then
    new=$(mktemp -d "$GO_CACHE/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    GOBIN=$new "$@" >"$log" 2>&1 || exit
    chmod 755 "$new"
    mv -T "$new" "$dir"
    say "$name: ${*:2} with $(go env GOVERSION), $((SECONDS - started)) s"
  fi
  echo "$dir"
)

# go_install MODULE@VERSION ARGUMENT...: `go install` from within the module, which has go.sum, too: by the name of a
# package it refuses modules with replace or exclude directives.
go_install() {
  local module=$1 source
  shift
  # Outside of any module, so that none takes part. Go compares the hash of what came with the public list.
  source=$(cd / && go mod download -json "$module" | tee /dev/stderr | sed -nE 's/^[[:space:]]*"Dir": "(.*)",?$/\1/p' | grep .) &&
    CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false go -C "$source" install -trimpath "$@"
}
