#!/bin/sh
# dockerd-entrypoint.sh [OPTION...]: starts dockerd as the script of this name in docker:29-dind does. It listens on its
# socket and on TCP, with certificates that it makes in $DOCKER_TLS_CERTDIR, or without TLS if that is empty.
set -eu
# shellcheck source=lab/images/shared/system-daemon.sh
. /usr/local/lib/system-daemon.sh

# key_and_certificate NAME EXTENSION: a key and a certificate for NAME, which the authority has signed.
key_and_certificate() {
  mkdir -p "$certificates/$1"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=docker:dind $1" \
    -keyout "$certificates/$1/key.pem" -out "$certificates/$1/csr.pem" 2>/dev/null
  echo "$2" >"$certificates/$1/extension"
  openssl x509 -req -in "$certificates/$1/csr.pem" -CA "$certificates/ca/cert.pem" -CAkey "$certificates/ca/key.pem" \
    -CAcreateserial -days 825 -extfile "$certificates/$1/extension" -out "$certificates/$1/cert.pem" 2>/dev/null
  cp "$certificates/ca/cert.pem" "$certificates/$1/ca.pem"
}

make_certificates() {
  mkdir -p "$certificates/ca"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=docker:dind CA' -days 825 \
    -keyout "$certificates/ca/key.pem" -out "$certificates/ca/cert.pem" 2>/dev/null
  key_and_certificate server "subjectAltName=DNS:docker,DNS:localhost,DNS:$(hostname),IP:127.0.0.1"
  key_and_certificate client extendedKeyUsage=clientAuth
  # Jobs of any user read it.
  chmod 644 "$certificates/client/key.pem"
}

delegate_cgroups
certificates=${DOCKER_TLS_CERTDIR:-}
if [ -n "$certificates" ]; then
  make_certificates
  set -- --host tcp://0.0.0.0:2376 --tlsverify --tlscacert "$certificates/server/ca.pem" \
    --tlscert "$certificates/server/cert.pem" --tlskey "$certificates/server/key.pem" "$@"
else
  set -- --host tcp://0.0.0.0:2375 "$@"
fi
exec dockerd --host unix:///var/run/docker.sock "$@"
