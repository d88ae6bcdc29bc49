# shellcheck shell=bash
# Uses the machine's own Docker engine as the lab's, if it allows security.insecure. The registry is a container.

adopted() { [ -e "$LAB_DIR/adopted" ]; }

# adopt_find: prints the DOCKER_HOST of a usable engine, or the reason why the engine cannot be used.
adopt_find() {
  local host=${DOCKER_HOST:-unix:///var/run/docker.sock} where refused
  # The engine in this lab's .lab/env is not the machine's own.
  case $host in "unix://$LAB_DIR/"*) host=unix:///var/run/docker.sock ;; esac
  if [ "$host" = unix:///var/run/docker.sock ] && [ ! -S /var/run/docker.sock ]; then return 1; fi
  if ! DOCKER_HOST=$host docker buildx version >/dev/null 2>&1; then
    say "the engine at $host is left alone: there is no docker client with buildx in PATH"
    return 1
  fi
  where=$(mktemp -d)
  printf 'FROM scratch\nCOPY Dockerfile /\n' >"$where/Dockerfile"
  refused=$(DOCKER_HOST=$host timeout 60 docker buildx build --progress=quiet --allow security.insecure \
    --output type=cacheonly "$where" 2>&1 >/dev/null) || {
    rm -rf "$where"
    say "the engine at $host is left alone: $(tail -n 1 <<<"$refused")"
    return 1
  }
  rm -rf "$where"
  echo "$host"
}

adopt_client() {
  mkdir -p "$LAB_DIR/bin"
  printf '#!/bin/sh\nexec "$@"\n' >"$LAB_DIR/bin/in-lab"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\n: "${DOCKER_HOST:=%s}"\nexport DOCKER_HOST\nexec %s "$@"\n' "$1" "$(command -v docker)" >"$LAB_DIR/bin/docker"
  chmod +x "$LAB_DIR/bin/in-lab" "$LAB_DIR/bin/docker"
  client_write "$LAB_DIR/bin/skopeo" /usr/bin/skopeo
}

# adopt_start HOST: writes the client and starts the registry; sets REGISTRY.
adopt_start() {
  local container=larder-lab-registry-$LAB_ID image=larder-lab-root:$LAB_ID port key
  adopt_client "$1"
  echo "$1" >"$LAB_DIR/adopted"
  export DOCKER_HOST=$1
  key=$(stamp_key "$(cat "$LAB_DIR/stamps/root")" "$LAB_SRC/cell/registry.yml" "$1")
  if ! stamp_is adopted-root "$key" || ! docker_client image inspect "$image" >/dev/null 2>&1; then
    docker_client rm -fv "$container" >/dev/null 2>&1 || true
    install -D -t "$LAB_ROOT/usr/local/lib/larder-lab" "$LAB_SRC"/cell/registry.yml
    tree_tar "$LAB_ROOT" | docker_client import - "$image" >/dev/null ||
      fail "the registry's image could not be imported into the engine at $1"
    stamp_set adopted-root "$key"
  fi
  if ! docker_client start "$container" >/dev/null 2>&1; then
    for port in 5000 5001 5002 5003 5004 5005 ''; do
      docker_client rm -f "$container" >/dev/null 2>&1 || true
      [ -n "$port" ] || fail "the registry found no free port from 5000 to 5005 on 127.0.0.1 of $1: free one of them"
      if docker_client run -d --name "$container" -p "127.0.0.1:$port:5000" -v "$container:/var/lib/docker-registry" \
        "$image" docker-registry serve /usr/local/lib/larder-lab/registry.yml >"$LAB_DIR/log/registry" 2>&1; then break; fi
      grep -qE 'already allocated|in use' "$LAB_DIR/log/registry" ||
        fail "the registry could not be started in the engine at $1: $(tail -n 1 "$LAB_DIR/log/registry")"
    done
  fi
  export REGISTRY
  REGISTRY=127.0.0.1:$(docker_client port "$container" 5000/tcp | sed 's/.*://')
}

# adopt_stop PURGE
adopt_stop() {
  local container=larder-lab-registry-$LAB_ID host
  host=$(cat "$LAB_DIR/adopted")
  if ! DOCKER_HOST=$host docker version >/dev/null 2>&1; then
    say "the engine at $host does not answer: the container $container stays in it"
    return
  fi
  DOCKER_HOST=$host docker stop -t 1 "$container" >/dev/null 2>&1 || true
  if $1; then
    DOCKER_HOST=$host docker rm -fv "$container" >/dev/null
    DOCKER_HOST=$host docker volume rm "$container" >/dev/null
    DOCKER_HOST=$host docker image rm "larder-lab-root:$LAB_ID" >/dev/null
  fi
}
