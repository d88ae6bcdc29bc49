import { type Digest, sha256 } from "../../image/digest.js";
import { fileEntry, type ShelfEntry } from "../../shelf/entry.js";
import type { LayerSource } from "../../shelf/layer-source.js";
import { packWhiteouts } from "../../shelf/whiteout-tar.js";
import { formatSteps, packName } from "./merge-steps.js";
import { type ContainerdModel, formatModel } from "./model.js";
import {
  blobEntries,
  checkShortNames,
  databases,
  rootDirectories,
  shortName,
  snapshotEntries,
  snapshotKinds,
} from "./tree.js";

/** The sources of the catalog's files, beside the model. */
export interface ContainerdRecords {
  database(name: keyof typeof databases): Promise<Buffer>;
  /** A config, manifest or index. */
  blob(digest: Digest): Promise<Buffer>;
  readonly layers: Pick<LayerSource, "whiteouts">;
  /** A directory on a file system that takes devices (not overlayfs). */
  readonly scratch: string;
}

/** The files of the catalog, see docs/shelf.md. */
export async function write(
  model: ContainerdModel,
  records: ContainerdRecords,
): Promise<readonly ShelfEntry[]> {
  const { snapshots, blobs } = model;
  checkShortNames(snapshots.map(({ diffId }) => diffId));
  checkShortNames(layerBlobs(model));
  const metadata = await readMetadata(model, records);
  const text = formatModel(model);
  return [
    ...rootDirectories(),
    ...snapshots.flatMap(snapshotEntries),
    ...blobs.flatMap((blob) => blobEntries(blob, metadata.get(blob.digest))),
    ...(await databaseEntries(records)),
    ...(await whiteoutEntries(model, records)),
    fileEntry("snapshots", formatSnapshots(model)),
    ...(snapshots.some(({ xattrs }) => xattrs) ? [fileEntry("xattrs", "")] : []),
    ...(blobs.some(({ holds }) => holds === "absent") ? [fileEntry("no-blobs", "")] : []),
    fileEntry("images", formatImages(model)),
    fileEntry("steps", formatSteps(model)),
    ...(await nameEntries(model, metadata, records)),
    fileEntry("catalog.json", text),
    fileEntry("id", `${sha256(text)}\n`),
  ];
}

/** The blobs of layers that the content store keeps. The shelf must have them. */
export function layerBlobs({ blobs }: ContainerdModel): Digest[] {
  return [...new Set(blobs.filter(({ holds }) => holds === "layer").map(({ digest }) => digest))];
}

async function readMetadata(
  { blobs }: ContainerdModel,
  records: ContainerdRecords,
): Promise<Map<Digest, Buffer>> {
  const digests = blobs.filter(({ holds }) => holds === "metadata").map(({ digest }) => digest);
  const read = async (digest: Digest): Promise<[Digest, Buffer]> => [digest, await records.blob(digest)];
  return new Map(await Promise.all([...new Set(digests)].map(read)));
}

async function databaseEntries(records: ContainerdRecords): Promise<ShelfEntry[]> {
  const names = Object.keys(databases) as (keyof typeof databases)[];
  return Promise.all(
    names.map(async (path) => ({ kind: "file", path, mode: 0o600, content: await records.database(path) })),
  );
}

async function whiteoutEntries(
  { snapshots }: ContainerdModel,
  { layers, scratch }: ContainerdRecords,
): Promise<ShelfEntry[]> {
  const hiding = snapshots.filter(({ holds }) => holds === "whiteouts");
  if (hiding.length === 0) return [];
  const directories = await Promise.all(
    hiding.map(async ({ id, diffId }) => ({ path: `${id}/fs`, whiteouts: await layers.whiteouts(diffId) })),
  );
  const from = `${scratch}/larder-whiteouts.tar`;
  await packWhiteouts(directories, from);
  return [{ kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
}

async function nameEntries(
  { images }: ContainerdModel,
  metadata: ReadonlyMap<Digest, Buffer>,
  { scratch }: ContainerdRecords,
): Promise<ShelfEntry[]> {
  const entries: ShelfEntry[] = [];
  for (const image of images) {
    const archive = await packName(image, metadata, `${scratch}/larder-name`);
    entries.push({ kind: "file", mode: 0o644, ...archive });
  }
  return entries;
}

/** One line for each snapshot: its directory, its form after attach, and the short name of its layer. */
export function formatSnapshots(model: ContainerdModel): string {
  return [...snapshotKinds(model)]
    .map(([{ id, diffId }, kind]) => `${id} ${kind} ${shortName(diffId)}\n`)
    .join("");
}

/** One line for each image, however many names it has: namespace and digest. */
export function formatImages({ images }: ContainerdModel): string {
  const lines = images.map(({ namespace, target }) => `${namespace} ${target.digest}\n`);
  return [...new Set(lines)].join("");
}
