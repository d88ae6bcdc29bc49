# shellcheck shell=bash
# Programs that Go builds from its module proxy. Other clones on this machine find them in the cache.

GO_CACHE=${LARDER_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/larder}

# go_programs NAME FUNCTION [VERSION...]: prints the folder with the programs that `FUNCTION VERSION...` puts into
# $GOBIN. It is a subshell, so that its lock ends with it.
go_programs() (
  name=$1 log=$LAB_DIR/log/$1 started=$SECONDS
  shift
  dir=$GO_CACHE/$name-$(stamp_key "$(go_functions "$1")" "$@" "$(go version)")
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

# go_functions FUNCTION: prints the functions that it names, and itself.
go_functions() {
  local name text
  text=$(declare -f "$1")
  for name in $(compgen -A function); do
    if [[ $name != "$1" && $text == *"$name "* ]]; then declare -f "$name"; fi
  done
  echo "$text"
}

# go_install MODULE@VERSION ARGUMENT...: `go install` inside the module, which has a go.sum. By a package's name, it
# would refuse modules with replace or exclude directives.
go_install() {
  local module=$1 source
  shift
  # This runs outside of any module. Go compares the module's hash with the public list.
  source=$(cd / && go mod download -json "$module" | tee /dev/stderr | sed -nE 's/^[[:space:]]*"Dir": "(.*)",?$/\1/p' | grep .) &&
    CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false go -C "$source" install -trimpath "$@"
}
