/** The right by which the stock step mounts is known before the step asks for it. */
import { spawnSync } from "node:child_process";
import { LarderError } from "../../error.js";
import type { Security } from "../plan/plan.js";

export const securityArgument = "LARDER_SECURITY";

/**
 * @param choice value of the build argument: auto, sysbox or insecure
 * @throws LarderError for any other value
 */
export function chooseSecurity(
  choice: string | undefined,
  canMount: () => boolean = sandboxCanMount,
): Security {
  switch (choice) {
    case undefined:
    case "auto":
      return canMount() ? "sysbox" : "insecure";
    case "sysbox":
    case "insecure":
      return choice;
    default:
      throw new LarderError(`build argument ${securityArgument}="${choice}": write auto, sysbox or insecure`);
  }
}

/**
 * Can this sandbox mount overlayfs? The frontend runs in the same kind of container as an ordinary step: it can mount
 * with sysbox-runc as the builder's runtime, but not with plain runc.
 */
export function sandboxCanMount(): boolean {
  known ??= tryToMount();
  return known;
}

let known: boolean | undefined;

function tryToMount(): boolean {
  const script =
    "mount -t tmpfs tmpfs /mnt && mkdir /mnt/l /mnt/u /mnt/w /mnt/m && " +
    "mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt/m";
  // A separate mount namespace leaves no mounts behind. util-linux prefers the mount API of Linux 5.2, which Sysbox
  // refuses.
  const env = { ...process.env, LIBMOUNT_FORCE_MOUNT2: "always" };
  const options = { stdio: "ignore", env } as const;
  return spawnSync("unshare", ["--mount", "sh", "-c", script], options).status === 0;
}
