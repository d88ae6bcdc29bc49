import type { ChainId, Digest } from "../../image/digest.js";
import { readCatalog } from "../catalog-json.js";
import { checkKeys } from "../overlay2/ids.js";
import { type CatalogLayer, sorted } from "../overlay2/model.js";
import type { TarFacts } from "./tar-facts.js";

/**
 * Everything in the catalog of containers-storage on a shelf, as its `catalog.json` keeps it: the images of all PRELOADs
 * so far. The other files of the catalog follow from this model and from the records of the layers.
 */
export interface PodmanModel {
  readonly version: 1;
  /** Keyed by chain ID. The lower directories of a layer are those of Docker's overlay2. */
  readonly layers: Readonly<Record<ChainId, PodmanLayer>>;
  /** Keyed by image ID. */
  readonly images: Readonly<Record<Digest, PodmanImage>>;
}

export interface PodmanLayer extends CatalogLayer {
  /** Its ID in containers-storage. */
  readonly id: string;
  readonly blob: LayerBlob;
  readonly tar: TarFacts;
}

/** The compressed layer, as the manifest describes it. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly size: number;
  /** A number of archive.Compression (containers/storage, pkg/archive). */
  readonly compression: number;
}

export interface PodmanImage {
  /** `docker.io/library/redis:7`, complete, the one that was named last at the end. */
  readonly names: readonly string[];
  /** Chain ID of the top layer. An image without layers has none. */
  readonly layer: ChainId | null;
  /** The digest that the registry gave for the name: of an index, or of the manifest. */
  readonly digest: Digest;
  /** The manifest of the platform. */
  readonly manifest: Digest;
  /** The manifests and indexes, and the config, by which the image is known; with their sizes. */
  readonly documents: Readonly<Record<Digest, number>>;
  /** As in the config. */
  readonly created: string;
}

/** The time in a record that has no other, on any day. */
export const noTime = "1970-01-01T00:00:00Z";

export const emptyModel: PodmanModel = { version: 1, layers: {}, images: {} };

/** Both catalogs in one. A name that both have is the later image's, as after a second pull. */
export function mergeModels(earlier: PodmanModel, later: PodmanModel): PodmanModel {
  const taken = new Set(Object.values(later.images).flatMap(({ names }) => names));
  const images: Record<Digest, PodmanImage> = {};
  for (const [imageId, image] of Object.entries(earlier.images))
    images[imageId] = { ...image, names: image.names.filter((name) => !taken.has(name)) };
  for (const [imageId, image] of Object.entries(later.images)) {
    const known = images[imageId];
    images[imageId] = {
      ...image,
      names: [...(known?.names ?? []), ...image.names],
      documents: { ...known?.documents, ...image.documents },
    };
  }
  const layers = { ...later.layers, ...earlier.layers };
  checkKeys(Object.keys(layers));
  return { version: 1, layers, images };
}

/** The content of `catalog.json`. */
export function formatModel({ version, layers, images }: PodmanModel): string {
  const ordered = { version, layers: sorted(layers), images: sorted(images) };
  return `${JSON.stringify(ordered, undefined, 1)}\n`;
}

/** Reads the catalog of a shelf. @param folder `/usr/lib/larder` of the stage. */
export function readModel(folder: string): Promise<PodmanModel> {
  return readCatalog(folder, "podman", emptyModel);
}
