import { lstat, readdir } from "node:fs/promises";
import { type ByteString, compare, fromBytes, parentsOf, toBytes } from "../../files/bytes.js";
import type { Whiteouts } from "../../shelf/whiteouts.js";

/**
 * Where the copy of a real layer needs a whiteout, among the layer's own files. A file of the layer hides by itself what is
 * below it. An opaque directory would need a mark that no shell can make: all that layers below have in it is hidden by
 * name instead.
 * @param whiteouts as the layer's tar has them: of what is deleted, and of opaque directories.
 * @param own the directory with the layer's files.
 * @param below those of the layers that it stands on.
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

/** What a layer has in a directory; nothing if it has something else there, or a link on the way. */
async function namesIn(directory: string, path: ByteString): Promise<ByteString[]> {
  for (const above of [...parentsOf(path), path]) {
    const found = await lstat(toBytes(`${directory}/${above}`)).catch(() => undefined);
    if (!found?.isDirectory()) return [];
  }
  return (await readdir(toBytes(`${directory}/${path}`), { encoding: "buffer" })).map(fromBytes);
}
