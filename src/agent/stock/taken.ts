import type { DiffId } from "../../image/digest.js";
import type { UnpackedLayer } from "../../shelf/layer-folder.js";
import type { DescribedStore } from "../catalog/described-store.js";
import type { StockJob } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import type { StockPlaces } from "./places.js";

/** The images in the stage's container manager, which has stopped. */
export interface TakenImages extends DescribedStore {
  /** The store that a Docker chooses at its start depends on this version. */
  readonly dockerVersion?: string;
  /** The layer as the manager unpacked it; undefined if the manager used the one on the stage's shelf. */
  layer(diffId: DiffId): Promise<UnpackedLayer | undefined>;
}

/** The images that were taken in, while outer layers are made of them. */
export interface Stocking {
  readonly job: StockJob;
  readonly images: readonly LayoutImage[];
  readonly taken: TakenImages;
  readonly places: StockPlaces;
}
