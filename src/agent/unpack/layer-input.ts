/** The places from which a layer's tar can come. */
import { lstat, readdir, readFile } from "node:fs/promises";
import { LarderError } from "../../error.js";
import type { DiffId } from "../../image/digest.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import type { LayerBlob } from "../job.js";

export type LayerInput =
  | { readonly kind: "blob"; readonly path: string }
  /** A layer that was unpacked before: its files, and Docker's record of its tar. The tar can be made again of them. */
  | { readonly kind: "files"; readonly files: string; readonly tarSplit: string };

/**
 * A layer on the shelf of a stage: its blob, or what its tar is made of. Nobody need believe the stage: the layer is
 * unpacked again, and its digests are checked.
 * @throws LarderError for a shelf that has neither.
 */
export async function findOnShelf({ diffId, digest }: LayerBlob, stage: string): Promise<LayerInput> {
  const folder = `${stage}/${shelf}`;
  const blob = `${folder}/${onShelf.blob(digest)}`;
  if (await isFile(blob)) return { kind: "blob", path: blob };
  for (const records of onShelf.tarRecords) {
    const tarSplit = await findTarSplit(`${folder}/${records}`, diffId);
    if (tarSplit !== undefined)
      return { kind: "files", files: `${folder}/${onShelf.layerFiles(diffId)}`, tarSplit };
  }
  throw new LarderError(
    "is not given, and the stage's shelf lacks it: copy the image with all of its layers",
  );
}

/** Each chain with the layer on top has the same record of it. */
async function findTarSplit(db: string, diffId: DiffId): Promise<string | undefined> {
  for (const name of (await readdir(db).catch(() => [])).sort()) {
    const found = await readFile(`${db}/${name}/diff`, "utf8").catch(() => "");
    const path = `${db}/${name}/tar-split`;
    if (found.trim() === diffId && (await isFile(path))) return path;
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}
