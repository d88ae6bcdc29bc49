import type { Digest } from "../image/digest.js";
import type { InnerImage } from "../image/inner-image.js";
import type { Manifest } from "../image/manifest.js";
import type { ShelfEntry } from "../shelf/entry.js";

/**
 * The images of a container manager in a catalog of the shelf. `describe` is pure: it gives the model of the manager's
 * records. `write` makes the catalog's files from the model and the records of the layers. A daemon makes these records
 * in its data root, or Larder makes them when it unpacks the layers.
 */
export interface Store<Model, Records, Options = void> {
  /** The model of these images and of all that `earlier` describes. */
  describe(images: readonly DescribedImage[], earlier: Model, options: Options): Model;
  /** The files of `catalog/<name>/`. It may leave out files that an earlier catalog of the stage has. */
  write(model: Model, records: Records): Promise<readonly ShelfEntry[]>;
}

/** An inner image with its documents from the registry. */
export interface LoadedImage extends InnerImage {
  /** The config, byte for byte as in the registry: its SHA-256 is the image ID. */
  readonly config: Buffer;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  /** The document with the reference's digest: an index, or the manifest. */
  readonly target: Buffer;
}

/** The same, with the facts that a catalog needs of its layers. */
export interface DescribedImage extends LoadedImage {
  /** Bottom layer first, as many as `diffIds`. A layer that the earlier catalog describes is undefined. */
  readonly layers: readonly (LayerFacts | undefined)[];
}

export interface LayerFacts {
  /** Bytes of the unpacked files, as Docker counts them. containerd does not need it. */
  readonly size?: number;
  /** The layer hides something of layers below it. */
  readonly hides: boolean;
  /** Some entry of its tar has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
}
