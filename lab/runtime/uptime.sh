# shellcheck shell=bash
# One FUSE file for all containers, in place of sysbox-fs's files over /proc/uptime and others.

UPTIME=/run/larder-sysbox/uptime

# uptime_serve SERVER
uptime_serve() {
  mkdir -p "${UPTIME%/*}"
  (
    flock 9
    if findmnt --mountpoint "$UPTIME" >/dev/null; then exit; fi
    : >"$UPTIME"
    exec 3<>/dev/fuse
    # The name of sysbox-fs's file system, by which Larder knows Sysbox.
    mount -i -t fuse -o fd=3,rootmode=100444,user_id=0,group_id=0,allow_other sysboxfs "$UPTIME"
    exec 9>&-
    # The caller's waiting must not include this process.
    setsid "$1" </dev/null >/dev/null 2>&1 &
  ) 9>"$UPTIME.lock"
}
