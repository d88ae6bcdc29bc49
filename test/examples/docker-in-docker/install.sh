#!/bin/sh
# Installs Docker, and what starts it, as the feature docker-in-docker does. The base image of the test has Docker's files
# in /docker, since build steps of the lab have no way to Docker's packages.
set -eu
cp -a --update=none /docker/etc /docker/usr /docker/var /
cat >/usr/local/share/docker-init.sh <<'END'
#!/bin/sh
# docker-init.sh COMMAND...: starts dockerd by its name, and becomes COMMAND.
. /usr/local/lib/system-daemon.sh
delegate_cgroups
find /run -name 'docker*.pid' -delete
dockerd >/tmp/dockerd.log 2>&1 &
exec "$@"
END
chmod +x /usr/local/share/docker-init.sh
