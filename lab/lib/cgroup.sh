# shellcheck shell=bash
# Each cell has a separate cgroup: in every hierarchy of version 1, and in that of version 2.

cgroup_hierarchies() {
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    echo /sys/fs/cgroup
  else
    awk '$3 ~ "^cgroup2?$" && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/self/mounts
  fi
}

cgroup_name() { echo "larder-lab-$LAB_ID-$1"; }

# cgroup_join NAME: puts the calling shell into the cgroup.
cgroup_join() {
  local hierarchy dir setting
  for hierarchy in $(cgroup_hierarchies); do
    dir=$hierarchy/$(cgroup_name "$1")
    mkdir -p "$dir"
    # A cpuset of version 1 is empty at first, and accepts no process until it is filled.
    for setting in cpuset.cpus cpuset.mems; do
      if [ -e "$dir/$setting" ] && [ -z "$(cat "$dir/$setting")" ]; then
        cat "$hierarchy/$setting" >"$dir/$setting"
      fi
    done
    if [ -e "$hierarchy/cgroup.controllers" ]; then cgroup_delegate "$hierarchy"; fi
    echo "$BASHPID" >"$dir/cgroup.procs"
  done
}

# cgroup_delegate DIR: gives the children of DIR all the controllers of DIR; version 2 only.
cgroup_delegate() {
  local controller controllers
  read -ra controllers <"$1/cgroup.controllers" || true
  for controller in "${controllers[@]}"; do
    if grep -qw "$controller" "$1/cgroup.subtree_control"; then continue; fi
    if echo "+$controller" >"$1/cgroup.subtree_control" 2>/dev/null; then
      echo "$controller" >>"$LAB_DIR/cgroup-controllers"
    else
      say "cgroup controller $controller cannot be handed on from $1: containers of the lab run without it"
    fi
  done
}

# cgroup_restore: undoes cgroup_delegate.
cgroup_restore() {
  local controller
  [ -e "$LAB_DIR/cgroup-controllers" ] || return 0
  while read -r controller; do
    echo "-$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null ||
      say "cgroup controller $controller stays handed on: somebody else uses it by now"
  done <"$LAB_DIR/cgroup-controllers"
  rm "$LAB_DIR/cgroup-controllers"
}

cgroup_remove() {
  local hierarchy dir
  for hierarchy in $(cgroup_hierarchies); do
    dir=$hierarchy/$(cgroup_name "$1")
    [ -d "$dir" ] || continue
    # The kernel frees a cgroup a moment after its last process is gone.
    wait_until 5 cgroup_rmdir "$dir" ||
      fail "cgroup $dir cannot be removed: it still has processes ($(xargs <"$dir/cgroup.procs")); stop them and run lab/down.sh again"
  done
}

cgroup_rmdir() {
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || [ ! -d "$1" ]
}
