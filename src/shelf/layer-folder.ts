import { chmod, chown, lstat, mkdir, utimes, writeFile } from "node:fs/promises";
import { type ByteString, parentsOf, toBytes } from "../files/bytes.js";
import { copyTree } from "../files/tree.js";
import type { DiffId } from "../image/digest.js";
import { onShelf, shelf } from "./paths.js";

import { formatWhiteouts, type Whiteouts } from "./whiteouts.js";

/** A layer in its unpacked form. */
export interface UnpackedLayer {
  readonly diffId: DiffId;
  /** The layer's files. Whiteouts, the marks of opaque directories and traces of a daemon may be among them. */
  readonly directory: string;
  /** Directories that have no entry in the layer's tar but have entries below them, outermost first. */
  readonly implied: readonly ByteString[];
  readonly whiteouts: Whiteouts;
}

/**
 * Writes `/usr/lib/larder/layers/<diffid hex>` into an outer layer. The result depends on the inner layer alone: not on
 * the store, the daemon that unpacked it, or the time.
 * @param output Root of the outer layer; it may hold other inner layers already.
 */
export async function writeLayerFolder(layer: UnpackedLayer, output: string): Promise<void> {
  const folder = `${output}/${shelf}/${onShelf.layer(layer.diffId)}`;
  const files = `${folder}/fs`;
  await mkdir(files, { recursive: true });
  const implied = await impliedDirectories(layer);
  // These come before the copy, since the copy sets the times of the directories above them.
  for (const path of implied) await mkdir(toBytes(`${files}/${path}`), { recursive: true });
  await copyTree(layer.directory, files);
  for (const path of implied) await setDirectory(toBytes(`${files}/${path}`));
  await finishLayerFolder(layer, output);
}

/**
 * Completes a folder whose files are in their places: the list of whiteouts, and directories that are fixed.
 * @param output Root of the outer layer.
 */
export async function finishLayerFolder(
  { diffId, whiteouts }: Pick<UnpackedLayer, "diffId" | "whiteouts">,
  output: string,
): Promise<void> {
  const folder = `${output}/${shelf}/${onShelf.layer(diffId)}`;
  await setDirectory(`${folder}/fs`);
  if (whiteouts.length > 0) {
    await writeFile(`${folder}/whiteouts`, formatWhiteouts(whiteouts), { mode: 0o644 });
    await utimes(`${folder}/whiteouts`, 0, 0);
  }
  await setDirectory(folder);
  await fixDirectories(output, `${shelf}/${onShelf.layers}`);
}

/**
 * Fixes owner, mode and time of a directory of an outer layer and of the directories above it, once their content is
 * complete.
 */
export async function fixDirectories(output: string, path: string): Promise<void> {
  const line = ["", ...parentsOf(path), path].reverse();
  for (const directory of line) await setDirectory(`${output}/${directory}`);
}

/**
 * Directories that have no entry in the layer's tar. Docker's versions give them different modes, containerd the owner
 * and mode of the layer below; Larder gives them root, 0755 and time 0. Such a directory may be missing if it holds
 * nothing but a whiteout and the daemon could not see the hidden file.
 */
export async function impliedDirectories(
  layer: Pick<UnpackedLayer, "directory" | "implied">,
): Promise<ByteString[]> {
  const isDirectory = async (path: ByteString): Promise<boolean> => {
    const stat = await lstat(toBytes(`${layer.directory}/${path}`)).catch(() => undefined);
    return stat?.isDirectory() ?? true;
  };
  const result: ByteString[] = [];
  for (const path of layer.implied) {
    // A tar may name a path below a symbolic link; the unpacker then puts the file elsewhere.
    const line = await Promise.all([...parentsOf(path), path].map(isDirectory));
    if (line.every(Boolean)) result.push(path);
  }
  return result;
}

/** Gives a directory that no tar describes its owner, mode and time. */
export async function setDirectory(path: string | Buffer): Promise<void> {
  await chown(path, 0, 0);
  await chmod(path, 0o755);
  await utimes(path, 0, 0);
}
