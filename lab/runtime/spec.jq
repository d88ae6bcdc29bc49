# Changes an OCI spec as sysbox-runc does.
# $mapped: the container's root; $volumes: mounts to add; $mappable: sources of binds that are to be ID-mapped;
# $uptime: the file for /proc/uptime; $lib: the folder of this file.
include "process";
[{containerID: 0, hostID: 165536, size: 65536}] as $ids

# Docker's profile forbids these system calls, or allows them only with a capability.
| ["mount", "umount", "umount2", "pivot_root", "setns", "unshare", "chroot", "gethostname", "sethostname",
  "add_key", "request_key", "keyctl", "close_range"] as $calls

| def is_bind: .type == "bind" or ((.options // []) | any(. == "bind" or . == "rbind"));
def without($some): map(select(. as $one | $some | index($one) | not));

.root.path = $mapped
| .process |= as_sysbox

| .linux.uidMappings = $ids
| .linux.gidMappings = $ids
| .linux.namespaces |= map(select(.type != "user" and .type != "cgroup")) + [{type: "user"}, {type: "cgroup"}]
| .linux.maskedPaths |= ((. // []) | without(["/proc", "/proc/sys", "/proc/kcore", "/proc/kallsyms", "/proc/kmsg"]))
| .linux.readonlyPaths |= ((. // []) | without(["/proc", "/proc/sys"]))
# Docker allows ping to all possible groups, but the user namespace has fewer.
| if .linux.sysctl["net.ipv4.ping_group_range"] then .linux.sysctl["net.ipv4.ping_group_range"] = "0 65535" else . end

# Without a profile (--privileged), sysbox-runc adds none.
| if .linux.seccomp then
    .linux.seccomp.syscalls |= map(if (.names - ["personality", "socket"]) == [] then . else del(.args) end)
    | .linux.seccomp.syscalls += [{names: $calls, action: "SCMP_ACT_ALLOW"}]
  else . end

| .mounts |= map(
    if .type == "sysfs" or .type == "cgroup" then .options = ((.options // []) - ["ro"])
    elif is_bind and (.source as $source | $mappable | index($source))
    then .options += ["idmap"] | .uidMappings = $ids | .gidMappings = $ids
    else . end)
| ($volumes | map({destination, source, type: "bind", options: ["rbind", "rprivate", "idmap"],
    uidMappings: $ids, gidMappings: $ids})) as $directories
# A bind may be below another one.
| .mounts = (.mounts | map(select(is_bind | not))) + (.mounts | map(select(is_bind)) + $directories | sort_by(.destination))
| .mounts += [{destination: "/proc/uptime", source: $uptime, type: "bind", options: ["rbind", "rprivate"]}]

# The container manages the cgroups below its own.
| .hooks.createRuntime += [{path: ($lib + "/give-cgroups")}]
