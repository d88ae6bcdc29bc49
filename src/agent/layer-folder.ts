import { chmod, chown, lstat, mkdir, utimes, writeFile } from "node:fs/promises";
import { type ByteString, compare, parentsOf, toBytes } from "../store/bytes.js";
import { hexOf } from "../store/chain.js";
import type { UnpackedLayer } from "../store/store.js";
import { formatWhiteouts } from "../store/whiteouts.js";
import { shelf } from "./job.js";
import { copyTree, listTree } from "./tree.js";

/**
 * Writes `/usr/lib/larder/layers/<diffid hex>` into an outer layer. It depends on the inner layer alone:
 * not on the store or the daemon that unpacked it, nor on the time.
 * @param output Root of the outer layer; it may hold other inner layers already.
 */
export async function writeLayerFolder(layer: UnpackedLayer, output: string): Promise<void> {
  const folder = `${output}/${shelf}/layers/${hexOf(layer.diffId)}`;
  const files = `${folder}/fs`;
  await mkdir(files, { recursive: true });
  const paths = await listTree(layer.directory);
  await copyTree(layer.directory, files, paths);
  const implied = await impliedDirectories(layer, files, paths);
  // Innermost last made no difference to modes, but making a directory changes the time of the one above.
  for (const path of implied.reverse()) await setDirectory(toBytes(`${files}/${path}`));
  await setDirectory(files);
  if (layer.whiteouts.length > 0) {
    await writeFile(`${folder}/whiteouts`, formatWhiteouts(layer.whiteouts), { mode: 0o644 });
    await utimes(`${folder}/whiteouts`, 0, 0);
  }
  for (const path of [folder, ...aboveLayers(output)]) await setDirectory(path);
}

/** The directories of an outer layer above its inner layers, innermost first. */
function aboveLayers(output: string): string[] {
  return [...parentsOf(`${shelf}/layers/`), ""].reverse().map((path) => `${output}/${path}`);
}

/**
 * Directories without an entry in the layer's tar. Docker makes them with a mode that differs between its
 * versions, containerd with the owner and mode of the layer below; here they are root's, 0755, of time 0.
 * Those above a whiteout may be missing, and are made.
 */
async function impliedDirectories(
  layer: UnpackedLayer,
  files: string,
  paths: readonly ByteString[],
): Promise<ByteString[]> {
  const needed = new Set([...layer.entries, ...layer.whiteouts].flatMap((path) => parentsOf(path)));
  const implied = [...needed].filter((path) => !layer.entries.has(path)).sort(compare);
  const present = new Set(paths);
  const result: ByteString[] = [];
  for (const path of implied) {
    const where = toBytes(`${files}/${path}`);
    if (!present.has(path)) await mkdir(where);
    // A tar may name a path below a symbolic link; the unpacker has then put it elsewhere.
    if ((await lstat(where)).isDirectory()) result.push(path);
  }
  return result;
}

async function setDirectory(path: string | Buffer): Promise<void> {
  await chown(path, 0, 0);
  await chmod(path, 0o755);
  await utimes(path, 0, 0);
}
