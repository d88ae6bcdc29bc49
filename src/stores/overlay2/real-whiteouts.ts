import { lstat, readdir } from "node:fs/promises";
import { type ByteString, compare, fromBytes, parentsOf, toBytes } from "../../files/bytes.js";
import type { Whiteouts } from "../../shelf/whiteouts.js";

/**
 * The whiteouts that the copy of a real layer needs among the layer's own files. A file of the layer hides lower files
 * by itself. An opaque directory needs a mark that no shell can make, so each name that lower layers have in it gets a
 * whiteout.
 * @param whiteouts of deleted files and opaque directories, as in the layer's tar.
 * @param own the directory with the layer's files.
 * @param below the directories of the layers below it.
 */
export async function realWhiteouts(
  whiteouts: Whiteouts,
  own: string,
  below: readonly string[],
): Promise<Whiteouts> {
  const needed: ByteString[] = [];
  const hide = async (path: ByteString): Promise<void> => {
    const found = await lstat(toBytes(`${own}/${path}`)).catch(() => undefined);
    if (!found || (found.isCharacterDevice() && found.rdev === 0)) needed.push(path);
    else if (found.isDirectory()) {
      const names = await Promise.all(below.map((directory) => namesIn(directory, path)));
      for (const name of new Set(names.flat())) await hide(`${path}/${name}`);
    }
  };
  for (const path of whiteouts) await hide(path);
  return needed.sort(compare);
}

/** The names that a layer has in a directory. There are none if the path or a part of it is a link or no directory. */
async function namesIn(directory: string, path: ByteString): Promise<ByteString[]> {
  for (const above of [...parentsOf(path), path]) {
    const found = await lstat(toBytes(`${directory}/${above}`)).catch(() => undefined);
    if (!found?.isDirectory()) return [];
  }
  return (await readdir(toBytes(`${directory}/${path}`), { encoding: "buffer" })).map(fromBytes);
}
