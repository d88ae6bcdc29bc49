#!/bin/bash
# Stops the lab and removes everything but .lab. With --purge, it removes .lab, too.
set -euo pipefail
cd "$(dirname "$0")"
for part in common cgroup cell registry engine adopt; do
  # shellcheck source=/dev/null
  . "lib/$part.sh"
done
purge=false
case $* in
  '') ;;
  --purge) purge=true ;;
  *) fail "usage: lab/down.sh [--purge]" ;;
esac
if [ ! -d "$LAB_DIR" ]; then
  say "there is no lab at $LAB_DIR"
  exit
fi
exec 8>"$LAB_DIR/up.lock" 9>"$LAB_DIR/lock"
flock -n 8 || fail "lab:up is at work: wait for it, or end it, then run lab/down.sh again"
flock 9

rm -f "$LAB_DIR/env"
if adopted; then adopt_stop "$purge"; fi
engines_stop

# The processes of an interrupted start have no pid file, but they are in a cgroup of this lab.
for hierarchy in $(cgroup_hierarchies); do
  for dir in "$hierarchy/larder-lab-$LAB_ID-"*; do
    if [ -d "$dir" ]; then cgroup_remove "${dir##*/larder-lab-"$LAB_ID"-}"; fi
  done
done
cgroup_restore
mounts=$(awk -v dir="$LAB_DIR/" 'index($2, dir) == 1 { print $2 }' /proc/self/mounts | xargs)
[ -z "$mounts" ] || fail "mounts that the lab did not make are below $LAB_DIR: umount $mounts"

if $purge; then rm -rf --one-file-system "$LAB_DIR"; fi
say "down"
