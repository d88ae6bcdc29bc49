import type { Digest } from "../../image/digest.js";
import type { ShelfEntry } from "../../shelf/entry.js";
import type { StoreName } from "../../stores/table.js";

/** The images as one store knows them, whoever described them to it. */
export interface DescribedStore {
  readonly store: StoreName;
  /** containerd's namespace of the images. */
  readonly namespace?: string;
  /** Layers' blobs that the store needs on the shelf. */
  readonly layerBlobs: readonly Digest[];
  /** The files of the store's catalog. */
  catalog(): Promise<readonly ShelfEntry[]>;
}
