import { compare } from "../../files/bytes.js";
import type { ChainId, DiffId, Digest } from "../../image/digest.js";
import { readCatalog } from "../catalog-json.js";
import { withSources } from "./labels.js";

/**
 * Everything in the containerd catalog of a shelf, as `catalog.json` there keeps it: the images that all PRELOADs so
 * far put into the one containerd. The daemon's databases are separate files; the other files follow from this model.
 */
export interface ContainerdModel {
  readonly version: 1;
  /** Sorted by namespace and name. */
  readonly images: readonly CatalogImage[];
  /** In the order of their creation, parents first. */
  readonly snapshots: readonly CatalogSnapshot[];
  /** Sorted by namespace and digest. */
  readonly blobs: readonly CatalogBlob[];
}

/** A name in the image store. An image may have several names. */
export interface CatalogImage {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The index or manifest that has this name. */
  readonly target: CatalogTarget;
  /** The topmost snapshot. An image without layers has none. */
  readonly chainId: ChainId | null;
  /** Digests of the config, the manifest and the index, if there is one. */
  readonly metadata: readonly Digest[];
}

export interface CatalogTarget {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface CatalogSnapshot {
  readonly namespace: string;
  /** The chain ID of a layer, or Larder's own name for a snapshot of whiteouts. */
  readonly name: string;
  readonly parent: string | null;
  /** Its directory below `snapshots/`. */
  readonly id: number;
  /**
   * `layer`: all files of the layer. `whiteouts`: the paths that the layer with this diffID hides, one snapshot further
   * down.
   */
  readonly holds: "layer" | "whiteouts";
  readonly diffId: DiffId;
  /** Some file of the layer has an extended attribute, which not every `cp` copies. */
  readonly xattrs: boolean;
}

export interface CatalogBlob {
  readonly namespace: string;
  readonly digest: Digest;
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
  /**
   * `layer`: the blob's bytes are an outer layer. `metadata`: a config, manifest or index, which is a file of the
   * catalog. `absent`: a layer's blob that the database knows and the content store does not have.
   */
  readonly holds: "layer" | "metadata" | "absent";
}

export const emptyModel: ContainerdModel = { version: 1, images: [], snapshots: [], blobs: [] };

/** Both catalogs in one. For what both have, `later` wins, but a blob keeps all its repositories. */
export function mergeModels(earlier: ContainerdModel, later: ContainerdModel): ContainerdModel {
  const images = [...earlier.images, ...later.images].map(
    (image) => [keyOf(image, image.name), image] as const,
  );
  const snapshots = [...earlier.snapshots, ...later.snapshots].map(
    (snapshot) => [keyOf(snapshot, snapshot.name), snapshot] as const,
  );
  const blobs = new Map(earlier.blobs.map((blob) => [keyOf(blob, blob.digest), blob]));
  for (const blob of later.blobs) {
    const key = keyOf(blob, blob.digest);
    blobs.set(key, { ...blob, labels: labelsOf(blobs.get(key), blob) });
  }
  return {
    version: 1,
    images: sortedValues(new Map(images)),
    snapshots: [...new Map(snapshots).values()],
    blobs: sortedValues(blobs),
  };
}

/** As in containerd, where labels are only added. */
function labelsOf(earlier: CatalogBlob | undefined, { labels }: CatalogBlob): CatalogBlob["labels"] {
  return { ...earlier?.labels, ...withSources(earlier?.labels ?? {}, labels) };
}

/** The content of `catalog.json`. */
export function formatModel(model: ContainerdModel): string {
  return `${JSON.stringify(model, undefined, 1)}\n`;
}

/** Reads the catalog of a shelf. @param folder `/usr/lib/larder` of the stage. */
export function readModel(folder: string): Promise<ContainerdModel> {
  return readCatalog(folder, "containerd", emptyModel);
}

/** Snapshots by their name in a namespace. */
export function snapshotsByName(
  { snapshots }: ContainerdModel,
  namespace: string,
): ReadonlyMap<string, CatalogSnapshot> {
  const own = snapshots.filter((snapshot) => snapshot.namespace === namespace);
  return new Map(own.map((snapshot) => [snapshot.name, snapshot]));
}

function keyOf({ namespace }: { namespace: string }, name: string): string {
  // Neither part has a space: containerd allows letters, digits and punctuation.
  return `${namespace} ${name}`;
}

function sortedValues<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => compare(a, b)).map(([, value]) => value);
}
