import { chmod, chown, lstat, mkdir, utimes, writeFile } from "node:fs/promises";
import { type ByteString, parentsOf, toBytes } from "../files/bytes.js";
import { copyTree } from "../files/tree.js";
import type { DiffId } from "../image/digest.js";
import { onShelf, shelf } from "./paths.js";

import { formatWhiteouts, type Whiteouts } from "./whiteouts.js";

/** A layer where somebody unpacked it. */
export interface UnpackedLayer {
  readonly diffId: DiffId;
  /** Its files; whiteouts, the marks of opaque directories and a daemon's traces may be among them. */
  readonly directory: string;
  /** Directories that the layer's tar implies without an entry for them, outermost first. */
  readonly implied: readonly ByteString[];
  readonly whiteouts: Whiteouts;
}

/**
 * Writes `/usr/lib/larder/layers/<diffid hex>` into an outer layer. It depends on the inner layer alone:
 * not on the store or the daemon that unpacked it, nor on the time.
 * @param output Root of the outer layer; it may hold other inner layers already.
 */
export async function writeLayerFolder(layer: UnpackedLayer, output: string): Promise<void> {
  const folder = `${output}/${shelf}/${onShelf.layer(layer.diffId)}`;
  const files = `${folder}/fs`;
  await mkdir(files, { recursive: true });
  const implied = await impliedDirectories(layer);
  // Made before the copy, which sets the times of the directories above them.
  for (const path of implied) await mkdir(toBytes(`${files}/${path}`), { recursive: true });
  await copyTree(layer.directory, files);
  for (const path of implied) await setDirectory(toBytes(`${files}/${path}`));
  await setDirectory(files);
  if (layer.whiteouts.length > 0) {
    await writeFile(`${folder}/whiteouts`, formatWhiteouts(layer.whiteouts), { mode: 0o644 });
    await utimes(`${folder}/whiteouts`, 0, 0);
  }
  await setDirectory(folder);
  await fixDirectories(output, `${shelf}/${onShelf.layers}`);
}

/** Fixes owner, mode and time of a directory of an outer layer and of those above it, once all is in them. */
export async function fixDirectories(output: string, path: string): Promise<void> {
  const line = ["", ...parentsOf(path), path].reverse();
  for (const directory of line) await setDirectory(`${output}/${directory}`);
}

/**
 * Directories without an entry in the layer's tar. Docker makes them with a mode that differs between its
 * versions, containerd with the owner and mode of the layer below; here they are root's, 0755, of time 0.
 * One that holds nothing but a whiteout may be missing where the daemon could not see what it hides.
 */
async function impliedDirectories(layer: UnpackedLayer): Promise<ByteString[]> {
  const isDirectory = async (path: ByteString): Promise<boolean> => {
    const stat = await lstat(toBytes(`${layer.directory}/${path}`)).catch(() => undefined);
    return stat?.isDirectory() ?? true;
  };
  const result: ByteString[] = [];
  for (const path of layer.implied) {
    // A tar may name a path below a symbolic link; the unpacker has then put it elsewhere.
    const line = await Promise.all([...parentsOf(path), path].map(isDirectory));
    if (line.every(Boolean)) result.push(path);
  }
  return result;
}

async function setDirectory(path: string | Buffer): Promise<void> {
  await chown(path, 0, 0);
  await chmod(path, 0o755);
  await utimes(path, 0, 0);
}
