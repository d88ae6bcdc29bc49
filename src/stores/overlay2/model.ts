import { compare } from "../../files/bytes.js";
import type { ChainId, DiffId, Digest } from "../../image/digest.js";
import { readCatalog } from "../catalog-json.js";
import { checkKeys } from "./ids.js";

/**
 * Everything in the overlay2 catalog of a shelf, as `catalog.json` there keeps it: the images of all PRELOADs so far.
 * The other files of the catalog follow from this model and from the daemon's records.
 */
export interface CatalogModel {
  readonly version: 1;
  /** Keyed by chain ID. */
  readonly layers: Readonly<Record<ChainId, CatalogLayer>>;
  /** Maps an image ID to the chain ID of its top layer. An image without layers has none. */
  readonly images: Readonly<Record<Digest, ChainId | null>>;
  /** Maps `redis:7` and `redis@sha256:...`, as Docker shows them, to image IDs. */
  readonly references: Readonly<Record<string, Digest>>;
  /** Maps the digest of a compressed layer to its diffID and its repositories (`docker.io/library/redis`). */
  readonly blobs: Readonly<Record<Digest, CatalogBlob>>;
}

export interface CatalogLayer {
  readonly diffId: DiffId;
  readonly parent: ChainId | null;
  /** Bytes of the unpacked files, as the daemon counted them. */
  readonly size: number;
  /** The layer hides something of a layer below it. */
  readonly whiteouts: boolean;
  /** Some file has an extended attribute, which not every `cp` copies. */
  readonly xattrs: boolean;
  /** attach copies the layer's files with the whiteouts among them, see lowers.ts. */
  readonly real?: true;
}

/** The layers of a store that mounts them as Docker's overlay2 does. */
export interface LayerModel<Layer extends CatalogLayer = CatalogLayer> {
  readonly layers: Readonly<Record<ChainId, Layer>>;
}

export interface CatalogBlob {
  readonly diffId: DiffId;
  readonly repositories: readonly string[];
}

export const emptyModel: CatalogModel = { version: 1, layers: {}, images: {}, references: {}, blobs: {} };

/** Both catalogs in one. For a reference that both have, `later` wins, as a second pull would. */
export function mergeModels(earlier: CatalogModel, later: CatalogModel): CatalogModel {
  const blobs = { ...earlier.blobs };
  for (const [digest, blob] of Object.entries(later.blobs)) {
    const repositories = [...(blobs[digest]?.repositories ?? []), ...blob.repositories];
    blobs[digest] = { diffId: blob.diffId, repositories: [...new Set(repositories)].sort(compare) };
  }
  const merged: CatalogModel = {
    version: 1,
    layers: { ...earlier.layers, ...later.layers },
    images: { ...earlier.images, ...later.images },
    references: { ...earlier.references, ...later.references },
    blobs,
  };
  checkKeys(Object.keys(merged.layers));
  return merged;
}

/** The content of `catalog.json`. It does not depend on the order in which the model was made. */
export function formatModel(model: CatalogModel): string {
  const ordered = {
    version: model.version,
    layers: sorted(model.layers),
    images: sorted(model.images),
    references: sorted(model.references),
    blobs: sorted(model.blobs),
  };
  return `${JSON.stringify(ordered, undefined, 1)}\n`;
}

/** Reads the catalog of a shelf. @param folder `/usr/lib/larder` of the stage. */
export function readModel(folder: string): Promise<CatalogModel> {
  return readCatalog(folder, "overlay2", emptyModel);
}

/** The record with its keys in order. */
export function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compare(a, b)));
}

/** This layer and all layers below it, from top to bottom. */
export function ancestry<Layer extends CatalogLayer>(
  model: LayerModel<Layer>,
  chainId: ChainId,
): { chainId: ChainId; layer: Layer }[] {
  const line: { chainId: ChainId; layer: Layer }[] = [];
  for (let next: ChainId | null = chainId; next !== null; ) {
    const layer: Layer | undefined = model.layers[next];
    if (!layer) throw new Error(`the catalog lacks the layer ${next}`);
    line.push({ chainId: next, layer });
    next = layer.parent;
  }
  return line;
}
