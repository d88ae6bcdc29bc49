import { link, mkdir, rm } from "node:fs/promises";
import { compare, parentsOf, toBytes } from "../files/bytes.js";
import { run } from "../files/tool.js";
import type { Whiteouts } from "./whiteouts.js";

/** A directory of the data root that holds a layer's whiteouts: the next lower directory below the layer's own. */
export interface WhiteoutDirectory {
  /** Relative path in ASCII: `<cache id>/whiteouts`, `<snapshot id>/fs`. */
  readonly path: string;
  readonly whiteouts: Whiteouts;
}

/** An inode of ext4 has at most 65,000 names. */
const namesPerDevice = 60_000;

/**
 * Packs the archive that attach unpacks in the data root: for each directory, a character device 0/0 at each path. An
 * outer layer cannot hold such a device itself, since it would be a whiteout of the outer image. The format is GNU
 * tar's own: names are bytes of any length, and busybox does not read pax headers. The archive has a block for each
 * whiteout and may be large, so it is never in memory.
 *
 * @param archive Path of a new file, on a file system that takes devices (not overlayfs).
 */
export async function packWhiteouts(
  directories: readonly WhiteoutDirectory[],
  archive: string,
): Promise<void> {
  const scratch = `${archive}.scratch`;
  await mkdir(`${scratch}/tree`, { recursive: true });
  let made = 0;
  let device = "";
  for (const { path: directory, whiteouts } of directories) {
    const root = `${scratch}/tree/${directory}`;
    await mkdir(root, { recursive: true });
    const parents = new Set(whiteouts.flatMap((path) => parentsOf(path)));
    for (const path of [...parents].sort(compare)) await mkdir(toBytes(`${root}/${path}`));
    for (const path of whiteouts) {
      if (made % namesPerDevice === 0) {
        device = `${scratch}/device-${made}`;
        await run("mknod", ["-m", "000", device, "c", "0", "0"]);
      }
      await link(device, toBytes(`${root}/${path}`));
      made += 1;
    }
  }
  const names = directories.map(({ path }) => path).sort(compare);
  await run("tar", [...archiveOptions, "-C", `${scratch}/tree`, "-cf", archive, ...names]);
  await rm(scratch, { recursive: true });
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
