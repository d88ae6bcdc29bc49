/** What a store of containers-storage has on disk, without what differs from one pull to the next. */
import type { SystemContainer } from "../harness/system-container.js";
import { linesOf } from "./fixture.js";

interface Record {
  readonly id: string;
  [key: string]: unknown;
}

/**
 * layers.json or images.json by ID, without the time at which a layer came, and without signatures that no image has. Of a
 * layer that it has under another ID already, Podman copies the files, and notes nothing of a compressed layer.
 */
export async function recordsOf(
  container: SystemContainer,
  root: string,
  what: "layers" | "images",
): Promise<ReadonlyMap<string, Record>> {
  const text = await container.exec("cat", `${root}/overlay-${what}/${what}.json`);
  const all = JSON.parse(text) as Record[];
  const isTwice = (layer: Record): boolean =>
    all.some(({ id, "diff-digest": diff }) => id !== layer.id && diff === layer["diff-digest"]);
  const records = all.map((record): [string, Record] => {
    if (what === "images") return [record.id, withoutSignatures(record)];
    const { created: _, compression, "compressed-size": size, ...rest } = record;
    return [record.id, isTwice(record) ? rest : { ...rest, compression, "compressed-size": size }];
  });
  return new Map(records.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Podman 4 notes that there are none. */
function withoutSignatures(record: Record): Record {
  const isOther = (key: string): boolean => !key.startsWith("signature-");
  const only = (value: unknown): object =>
    Object.fromEntries(Object.entries(value as object).filter(([key]) => isOther(key)));
  return {
    ...record,
    metadata: "{}",
    "big-data-names": (record["big-data-names"] as string[]).filter(isOther).sort(),
    "big-data-sizes": only(record["big-data-sizes"]),
    "big-data-digests": only(record["big-data-digests"]),
  };
}

/** The SHA-256 of each image's manifests and config, by the path of its file. */
export async function documentsOf(container: SystemContainer, root: string): Promise<string[]> {
  const list = `cd ${root}/overlay-images && find . -mindepth 2 -type f ! -size 0 -exec sha256sum {} +`;
  return linesOf(await container.exec("sh", "-c", list)).sort();
}

/** The SHA-256 of the record of each layer's tar, by the layer's ID. */
export async function tarRecordsOf(container: SystemContainer, root: string): Promise<string[]> {
  const list = `cd ${root}/overlay-layers && for one in *.tar-split.gz; do echo "$one $(zcat "$one" | sha256sum)"; done`;
  return linesOf(await container.exec("sh", "-c", list)).sort();
}
