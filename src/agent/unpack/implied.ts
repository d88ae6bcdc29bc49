import { lstat, mkdir, utimes } from "node:fs/promises";
import { type ByteString, toBytes } from "../../files/bytes.js";
import { impliedDirectories, setDirectory } from "../../shelf/layer-folder.js";

/**
 * Gives directories without an entry of their own their owner, mode and time, and makes those that hold nothing but a
 * whiteout.
 */
export async function makeImplied(implied: readonly ByteString[], files: string): Promise<void> {
  for (const path of await impliedDirectories({ directory: files, implied })) {
    const full = toBytes(`${files}/${path}`);
    if (!(await lstat(full).catch(() => undefined))) await makeQuietly(path, files);
    await setDirectory(full);
  }
}

/** The directory above keeps its time. Layers have whole seconds, so that a rounded fraction does no harm. */
async function makeQuietly(path: ByteString, files: string): Promise<void> {
  const above = toBytes(`${files}/${path.slice(0, Math.max(path.lastIndexOf("/"), 0))}`);
  const { atimeMs, mtimeMs } = await lstat(above);
  await mkdir(toBytes(`${files}/${path}`));
  await utimes(above, Math.floor(atimeMs) / 1000, Math.floor(mtimeMs) / 1000);
}
