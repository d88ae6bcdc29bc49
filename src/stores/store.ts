import type { InnerImage } from "../image/inner-image.js";
import type { ByteString } from "../files/bytes.js";
import type { Digest } from "../image/chain.js";
import type { Whiteouts } from "../shelf/whiteouts.js";

/**
 * How an inner container manager keeps its images. A store knows the manager's files: what it wrote when
 * it took the images in (`layer`), and what attach needs to make it find them again (`catalog`).
 * `overlay2` is Docker's graph driver, `containerd` the store of a containerd, Docker's own or another.
 */
export interface Store {
  readonly name: "overlay2" | "containerd";
  /** Of containerd: the namespace that the images were put into. */
  readonly namespace?: string;
  /** The layer as the daemon unpacked it into its data root; undefined if it took one of the stage's shelf instead. */
  layer(diffId: Digest): Promise<UnpackedLayer | undefined>;
  /**
   * The files that go to `catalog/<name>/` of the shelf, so that it describes `images` and also all that
   * the catalog in the stage describes. Files that are in the stage already may be left out.
   */
  catalog(input: CatalogInput): Promise<readonly ShelfEntry[]>;
  /** Digests of the layers' blobs that the manager needs, each as `blobs/sha256/<hex>` of the shelf. */
  layerBlobs(): readonly Digest[];
}

/** A layer where the daemon unpacked it. */
export interface UnpackedLayer {
  readonly diffId: Digest;
  /** Its files; whiteouts, the marks of opaque directories and the daemon's traces may be among them. */
  readonly directory: string;
  /** Directories that the layer's tar implies without an entry for them, outermost first. */
  readonly implied: readonly ByteString[];
  readonly whiteouts: Whiteouts;
}

export interface CatalogInput {
  readonly images: readonly LoadedImage[];
  /** `/usr/lib/larder` of the stage: an earlier PRELOAD's shelf, if there was one. */
  readonly stageShelf: string;
}

/** An inner image with what its registry said of it. */
export interface LoadedImage extends InnerImage {
  /** The raw config: its SHA-256 is the image ID. */
  readonly config: Buffer;
  /** Digests of the layers as the registry has them, bottom layer first, as many as `diffIds`. */
  readonly blobs: readonly Digest[];
}

/** A file to be written below `catalog/<store>/`. Names in it are ASCII; owner root, time 0. */
export type ShelfEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Buffer }
  /** A file that may be large: a copy of one that is there until the catalog is written. */
  | { readonly kind: "copy"; readonly path: string; readonly mode: number; readonly from: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string };
