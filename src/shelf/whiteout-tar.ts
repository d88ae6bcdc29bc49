import { link, mkdir, rm } from "node:fs/promises";
import { compare, parentsOf, toBytes } from "../files/bytes.js";
import { run } from "../files/tool.js";
import type { Whiteouts } from "./whiteouts.js";

/** A directory of the data root for the whiteouts of a layer: the next lower directory below the layer's own. */
export interface WhiteoutDirectory {
  /** Relative, of ASCII: `<cache id>/whiteouts`, `<snapshot id>/fs`. */
  readonly path: string;
  readonly whiteouts: Whiteouts;
}

/** An inode of ext4 has at most 65,000 names. */
const namesPerDevice = 60_000;

/**
 * The archive that attach unpacks in the data root: for each directory a character device 0/0 at each path. It is an archive because a device 0/0
 * cannot be in an outer layer, where it would be a whiteout of the outer image. GNU tar makes it, in its
 * own format, since names are bytes of any length, and busybox does not read pax headers.
 * A block for each whiteout makes it large where a layer deletes many files, so it is a file from the start.
 *
 * @param archive Path of the file, which does not exist yet, on a file system that takes devices (not overlayfs).
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
