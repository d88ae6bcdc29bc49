import type { Digest } from "../image/digest.js";
import type { InnerImage } from "../image/inner-image.js";
import type { Manifest } from "../image/manifest.js";
import type { ShelfEntry } from "../shelf/entry.js";

/**
 * How a container manager keeps its images, as a catalog of the shelf has it. `describe` is pure: it says what the
 * manager is to find. `write` makes the catalog's files of that, with the records of layers, whoever made these: a
 * daemon in its data root, or somebody who unpacked the layers.
 */
export interface Store<Model, Records, Options = undefined> {
  /** All that `earlier` describes, and the images. */
  describe(images: readonly DescribedImage[], earlier: Model, options: Options): Model;
  /** The files that go to `catalog/<name>/`. Those that an earlier catalog of the stage has already may be left out. */
  write(model: Model, records: Records): Promise<readonly ShelfEntry[]>;
}

/** An inner image with what its registry said of it. */
export interface LoadedImage extends InnerImage {
  /** As it is in the registry, byte for byte: its SHA-256 is the image ID. */
  readonly config: Buffer;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  /** The document of the reference's digest: an index, or the manifest. */
  readonly target: Buffer;
}

/** The same, with what a catalog tells of its layers. */
export interface DescribedImage extends LoadedImage {
  /** Bottom layer first, as many as `diffIds`; undefined for a layer that the earlier catalog describes. */
  readonly layers: readonly (LayerFacts | undefined)[];
}

export interface LayerFacts {
  /** Bytes of the unpacked files, as Docker counts them; containerd does not ask. */
  readonly size?: number;
  /** It hides something of layers below it. */
  readonly hides: boolean;
  /** Some entry of its tar has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
}
