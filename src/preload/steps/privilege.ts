/** The right by which the stock step mounts is known before the step asks for it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LarderError } from "../../error.js";
import type { Security, Via } from "../plan/plan.js";

export const securityArgument = "LARDER_SECURITY";
export const viaArgument = "LARDER_VIA";

/**
 * The daemon way where build steps run under sysbox-runc, else the direct way, which needs no right at all.
 * @param choice value of `--via` or the build argument: auto, direct or daemon
 * @throws LarderError for any other value
 */
export function chooseVia(choice: string | undefined, canMount: () => boolean = sandboxCanMount): Via {
  switch (choice) {
    case undefined:
    case "auto":
      return canMount() ? "daemon" : "direct";
    case "direct":
    case "daemon":
      return choice;
    default:
      throw new LarderError(`build argument ${viaArgument}="${choice}": write auto, direct or daemon`);
  }
}

/**
 * Podman has no daemon, so its images come the direct way, under sysbox-runc as well.
 * @throws LarderError for the daemon way.
 */
export function viaForPodman(choice: string | undefined): Via {
  if (chooseVia(choice, () => false) === "direct") return "direct";
  throw new LarderError(
    "Podman has no daemon that could take images in: leave --via=daemon and the build argument LARDER_VIA=daemon out, " +
      "or say --via=direct for this PRELOAD",
  );
}

/**
 * @param choice value of the build argument: auto, sysbox or insecure
 * @throws LarderError for any other value
 */
export function chooseSecurity(
  via: Via,
  choice: string | undefined,
  canMount: () => boolean = sandboxCanMount,
): Security {
  if (via === "direct") return canMount() ? "sysbox" : "none";
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
 * with sysbox-runc as the builder's runtime, but not with plain runc. Nothing is tried: the frontend image has no
 * programs for that.
 */
export function sandboxCanMount(): boolean {
  known ??= isSysbox(readProc("uid_map"), readProc("mountinfo"));
  return known;
}

let known: boolean | undefined;

/**
 * Is this a container of sysbox-runc? It has a user namespace, as with rootless BuildKit, and files of sysbox-fs over
 * some of /proc, as nowhere else. `bfuse.FSName` in sysbox-fs/fuse/server.go gives the name of their file system.
 * @param uidMap /proc/self/uid_map
 * @param mountinfo /proc/self/mountinfo
 */
export function isSysbox(uidMap: string, mountinfo: string): boolean {
  const hasUserNamespace = !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
  const isServed = (line: string): boolean =>
    /^(?:\S+ ){4}\/proc\/\S* .* - fuse(?:\.\S+)? sysboxfs /.test(line);
  return hasUserNamespace && mountinfo.split("\n").some(isServed);
}

function readProc(name: string): string {
  return readFileSync(join("/proc/self", name), "utf8");
}
