# shellcheck shell=bash
# Clients of the lab: programs of its root that see the machine's files and the lab's network.

# client_write FILE PROGRAM [VARIABLE=VALUE...]: PROGRAM is a path below the lab's root. Given variables are defaults.
client_write() {
  local file=$1 program=$2 loader variable
  shift 2
  loader=$(find "$lab_root"/usr/lib/*-linux-gnu* -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
  [ -n "$loader" ] || fail "no dynamic loader below $lab_root: delete $lab_root and run npm run lab:up again"
  mkdir -p "${file%/*}"
  {
    echo '#!/bin/sh'
    for variable in "$@"; do
      echo ": \"\${${variable%%=*}:=${variable#*=}}\""
      echo "export ${variable%%=*}"
    done
    echo "exec '$lab_dir/bin/in-lab' '$loader' --library-path '${loader%/*}' --argv0 '$program' '$lab_root$program' \"\$@\""
  } >"$file"
  chmod +x "$file"
}

# in-lab COMMAND...: COMMAND in the lab's network namespace, where the registry answers.
client_write_in_lab() {
  mkdir -p "$lab_dir/bin"
  cat >"$lab_dir/bin/in-lab" <<EOF
#!/bin/sh
read -r pid started 2>/dev/null <'$registry_dir/pid' && [ -e "/proc/\$pid/ns/net" ] ||
  { echo 'lab: it is down: run npm run lab:up' >&2; exit 1; }
exec nsenter "--net=/proc/\$pid/ns/net" -- "\$@"
EOF
  chmod +x "$lab_dir/bin/in-lab"
}

clients_write() {
  client_write_in_lab
  client_write "$lab_dir/bin/docker" /usr/bin/docker \
    "DOCKER_HOST=unix://$lab_dir/engines/containerd/run/docker.sock" "DOCKER_CONFIG=$lab_dir/client"
  client_write "$lab_dir/client/cli-plugins/docker-buildx" /usr/libexec/docker/cli-plugins/docker-buildx
  client_write "$lab_dir/bin/skopeo" /usr/bin/skopeo
  client_write "$lab_dir/bin/ip" /usr/sbin/ip
}
