import type { DiffId, Digest } from "../../image/digest.js";
import type { ShelfEntry } from "../../shelf/entry.js";
import type { UnpackedLayer } from "../../shelf/layer-folder.js";
import type { StoreName } from "../../stores/table.js";
import type { StockJob } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import type { StockPlaces } from "./places.js";

/** The images in the stage's container manager, which has stopped. */
export interface TakenImages {
  /** The manager's store for images. */
  readonly store: StoreName;
  /** containerd's namespace of the images. */
  readonly namespace?: string;
  /** The store that a Docker chooses at its start depends on this version. */
  readonly dockerVersion?: string;
  /** Layers' blobs that the manager needs on the shelf. */
  readonly layerBlobs: readonly Digest[];
  /** The layer as the manager unpacked it; undefined if the manager used the one on the stage's shelf. */
  layer(diffId: DiffId): Promise<UnpackedLayer | undefined>;
  /** The files of the store's catalog. */
  catalog(): Promise<readonly ShelfEntry[]>;
}

/** The images that were taken in, while outer layers are made of them. */
export interface Stocking {
  readonly job: StockJob;
  readonly images: readonly LayoutImage[];
  readonly taken: TakenImages;
  readonly places: StockPlaces;
}
