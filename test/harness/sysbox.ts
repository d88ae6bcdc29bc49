/** Arguments for `docker run` in place of `--privileged`: the lab's substitute for sysbox-runc, see lab/runtime. */
export const sysbox: readonly string[] = ["--runtime", "larder-sysbox"];
