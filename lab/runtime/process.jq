# Changes a process as sysbox-runc does, for a container's first process and for docker exec: root has all capabilities.
def capabilities:
  ["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
  "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
  "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
  "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
  "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
  "CHECKPOINT_RESTORE"]
  | map("CAP_" + .);

def as_sysbox:
  capabilities as $all
  | .capabilities =
    (if (.user.uid // 0) == 0
      then {bounding: $all, effective: $all, inheritable: $all, permitted: $all, ambient: $all}
      else {bounding: $all, effective: [], inheritable: [], permitted: [], ambient: []} end)
  | del(.apparmorProfile)
  | if (.oomScoreAdj // 0) < -999 then .oomScoreAdj = -999 else . end;
