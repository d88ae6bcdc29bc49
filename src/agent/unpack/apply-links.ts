import { chmod, lchown, lstat, utimes } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { type ByteString, parentsOf, toBytes } from "../../files/bytes.js";
import { showPath } from "../../shelf/whiteouts.js";
import type { HardLink } from "../../stores/overlay2/tar-split.js";
import { noSuchOwner } from "./explain-tar.js";

/**
 * A hard link may have another owner, mode or time than the file that it leads to. Docker and containerd give the file
 * what its last link says, and GNU tar leaves it as it is.
 * @throws LarderError whose message follows the name of the layer, for an owner that the user namespace does not have.
 */
export async function applyLinks(links: readonly HardLink[], files: string): Promise<void> {
  const plain = new Map<ByteString, boolean>();
  // A later entry may have put a link, which may lead anywhere, into the place of a directory.
  const isPlain = async (path: ByteString): Promise<boolean> => {
    for (const above of parentsOf(path)) {
      const known = plain.get(above) ?? (await isDirectory(`${files}/${above}`));
      plain.set(above, known);
      if (!known) return false;
    }
    return true;
  };
  for (const { path, ...header } of links) {
    if (!(await isPlain(path))) continue;
    const file = toBytes(`${files}/${path}`);
    const found = await lstat(file).catch(() => undefined);
    if (!found) continue;
    const { uid = found.uid, gid = found.gid, mode = found.mode, mtime } = header;
    const isOthers = uid !== found.uid || gid !== found.gid;
    if (isOthers) {
      await lchown(file, uid, gid).catch((error: NodeJS.ErrnoException) => {
        throw error.code === "EINVAL" ? new LarderError(noSuchOwner(showPath(path), uid, gid)) : error;
      });
    }
    // A symbolic link has no mode, and Docker leaves its time.
    if (found.isSymbolicLink()) continue;
    // The kernel takes the setuid bit away from a file that gets another owner.
    if (isOthers || (mode & 0o7777) !== (found.mode & 0o7777)) await chmod(file, mode & 0o7777);
    if (mtime !== undefined && mtime !== Math.floor(found.mtimeMs / 1000)) await utimes(file, mtime, mtime);
  }
}

async function isDirectory(path: ByteString): Promise<boolean> {
  return (await lstat(toBytes(path)).catch(() => undefined))?.isDirectory() ?? false;
}
