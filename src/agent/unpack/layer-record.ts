/** What catalogs need to know of a layer, beside its files. */
import { readFile, utimes, writeFile } from "node:fs/promises";
import type { Usage } from "../../files/usage.js";
import { type DiffId, hexOf } from "../../image/digest.js";
import { formatWhiteouts, parseWhiteouts, type Whiteouts } from "../../shelf/whiteouts.js";

export interface LayerRecord {
  /** Bytes of the unpacked files, as Docker counts them. */
  readonly size: number;
  readonly usage: Usage;
  /** Some entry of its tar has an extended attribute. */
  readonly hasXattrs: boolean;
  readonly whiteouts: Whiteouts;
  /** Docker's record of the layer's tar. */
  readonly tarSplitFile: string;
}

/** @param records the output of an unpack step. */
export function recordFolder(records: string, diffId: DiffId): string {
  return `${records}/${hexOf(diffId)}`;
}

/** Writes the record beside the tar-split file that is there already. The times are fixed. */
export async function writeLayerRecord(
  folder: string,
  { whiteouts, ...facts }: Omit<LayerRecord, "tarSplitFile">,
): Promise<void> {
  await writeFile(`${folder}/facts.json`, `${JSON.stringify(facts)}\n`);
  await writeFile(`${folder}/whiteouts`, formatWhiteouts(whiteouts));
  for (const name of ["facts.json", "whiteouts", "tar-split.json.gz"])
    await utimes(`${folder}/${name}`, 0, 0);
}

export async function readLayerRecord(records: string, diffId: DiffId): Promise<LayerRecord> {
  const folder = recordFolder(records, diffId);
  const [facts, whiteouts] = await Promise.all([
    readFile(`${folder}/facts.json`, "utf8"),
    readFile(`${folder}/whiteouts`, "latin1"),
  ]);
  return {
    ...(JSON.parse(facts) as Pick<LayerRecord, "size" | "usage" | "hasXattrs">),
    whiteouts: parseWhiteouts(whiteouts),
    tarSplitFile: `${folder}/tar-split.json.gz`,
  };
}
