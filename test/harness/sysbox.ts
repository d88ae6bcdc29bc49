/** Arguments for `docker run` in the place of `--privileged`: the lab's stand-in for sysbox-runc, see lab/runtime. */
export const sysbox: readonly string[] = ["--runtime", "larder-sysbox"];
