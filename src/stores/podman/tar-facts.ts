import { basename } from "node:path";
import { batchesOfEntries, batchesOfRecords, segmentType } from "../overlay2/tar-entries.js";

/** The facts of a layer's tar that containers-storage writes down beside its digests. */
export interface TarFacts {
  /** Bytes of the tar. */
  readonly size: number;
  /** The owners of its entries, ascending. Entries of whiteouts do not count. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

/** @param file Docker's record of the tar: `tar-split.json.gz`. */
export async function readTarFacts(file: string): Promise<TarFacts> {
  const uids = new Set<number>();
  const gids = new Set<number>();
  for await (const entries of batchesOfEntries(file)) {
    for (const { name, header } of entries) {
      if (basename(name).startsWith(".wh.")) continue;
      if (header.uid !== undefined) uids.add(header.uid);
      if (header.gid !== undefined) gids.add(header.gid);
    }
  }
  return { size: await sizeOfTar(file), uids: ascending(uids), gids: ascending(gids) };
}

async function sizeOfTar(file: string): Promise<number> {
  let size = 0;
  for await (const records of batchesOfRecords(file)) {
    for (const { type, size: content = 0, payload } of records)
      size += type === segmentType ? Buffer.byteLength(payload ?? "", "base64") : content;
  }
  return size;
}

function ascending(ids: ReadonlySet<number>): number[] {
  return [...ids].sort((a, b) => a - b);
}
