import { link, mkdir, rm } from "node:fs/promises";
import { compare, parentsOf, toBytes } from "../bytes.js";
import type { Digest } from "../chain.js";
import { run } from "../tool.js";
import type { Whiteouts } from "../whiteouts.js";
import { cacheIdOf } from "./ids.js";

/** A layer of a chain that hides something below it. */
export interface HidingLayer {
  readonly chainId: Digest;
  readonly whiteouts: Whiteouts;
}

/** An inode of ext4 has at most 65,000 names. */
const namesPerDevice = 60_000;

/**
 * The archive that attach unpacks in `overlay2/` of the data root: for each layer a directory
 * `<cache id>/whiteouts` with a character device 0/0 at each path. It is an archive because a device 0/0
 * cannot be in an outer layer, where it would be a whiteout of the outer image. GNU tar makes it, in its
 * own format, since names are bytes of any length, and busybox does not read pax headers.
 *
 * @param scratch A directory that does not exist yet, on a file system that takes devices (not overlayfs).
 */
export async function packWhiteouts(layers: readonly HidingLayer[], scratch: string): Promise<Buffer> {
  await mkdir(`${scratch}/tree`, { recursive: true });
  let made = 0;
  let device = "";
  for (const { chainId, whiteouts } of layers) {
    const root = `${scratch}/tree/${cacheIdOf(chainId)}/whiteouts`;
    await mkdir(root, { recursive: true });
    const directories = new Set(whiteouts.flatMap((path) => parentsOf(path)));
    for (const path of [...directories].sort(compare)) await mkdir(toBytes(`${root}/${path}`));
    for (const path of whiteouts) {
      if (made % namesPerDevice === 0) {
        device = `${scratch}/device-${made}`;
        await run("mknod", ["-m", "000", device, "c", "0", "0"]);
      }
      await link(device, toBytes(`${root}/${path}`));
      made += 1;
    }
  }
  const names = layers.map(({ chainId }) => `${cacheIdOf(chainId)}/whiteouts`).sort(compare);
  const archive = await run("tar", [...archiveOptions, "-C", `${scratch}/tree`, "-cf", "-", ...names]);
  await rm(scratch, { recursive: true });
  return archive;
}

const archiveOptions = [
  "--format=gnu",
  "--hard-dereference",
  "--sort=name",
  "--mtime=@0",
  "--owner=0",
  "--group=0",
  "--numeric-owner",
  "--blocking-factor=1",
];
