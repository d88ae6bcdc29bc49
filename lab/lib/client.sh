# shellcheck shell=bash
# Clients of the lab: programs from its root that use the machine's files and the lab's network.

# client_write FILE PROGRAM [VARIABLE=VALUE...]: PROGRAM is a path below the lab's root. The variables are defaults.
client_write() {
  local file=$1 program=$2 loader variable
  shift 2
  loader=$(find "$LAB_ROOT"/usr/lib/*-linux-gnu* -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
  [ -n "$loader" ] || fail "no dynamic loader below $LAB_ROOT: delete $LAB_ROOT and run npm run lab:up again"
  mkdir -p "${file%/*}"
  {
    echo '#!/bin/sh'
    for variable in "$@"; do
      echo ": \"\${${variable%%=*}:=${variable#*=}}\""
      echo "export ${variable%%=*}"
    done
    echo "exec '$LAB_DIR/bin/in-lab' '$loader' --library-path '${loader%/*}' --argv0 '$program' '$LAB_ROOT$program' \"\$@\""
  } >"$file"
  chmod +x "$file"
}

# in-lab COMMAND...: runs COMMAND in the lab's network namespace, in which the registry answers.
client_write_in_lab() {
  mkdir -p "$LAB_DIR/bin"
  cat >"$LAB_DIR/bin/in-lab" <<EOF
#!/bin/sh
read -r pid started 2>/dev/null <'$REGISTRY_DIR/pid' && [ -e "/proc/\$pid/ns/net" ] ||
  { echo 'lab: it is down: run npm run lab:up' >&2; exit 1; }
exec nsenter "--net=/proc/\$pid/ns/net" -- "\$@"
EOF
  chmod +x "$LAB_DIR/bin/in-lab"
}

clients_write() {
  client_write_in_lab
  client_write "$LAB_DIR/bin/docker" /usr/bin/docker \
    "DOCKER_HOST=unix://$LAB_DIR/engines/containerd/run/docker.sock" "DOCKER_CONFIG=$LAB_DIR/client"
  client_write "$LAB_DIR/client/cli-plugins/docker-buildx" /usr/libexec/docker/cli-plugins/docker-buildx
  client_write "$LAB_DIR/bin/skopeo" /usr/bin/skopeo
  client_write "$LAB_DIR/bin/ip" /usr/sbin/ip
}
