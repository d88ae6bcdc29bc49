import type { ImageConfig } from "../../image/config.js";
import type { DiffId } from "../../image/digest.js";

/** A system image, wherever it comes from. */
export interface OuterImage {
  readonly config: ImageConfig;
  /** Bottom layer first, as many as the config has diffIDs. */
  readonly layers: readonly OuterLayer[];
}

export interface OuterLayer {
  readonly diffId: DiffId;
  /** The uncompressed tar. It may be opened several times. */
  open(): Promise<AsyncIterable<Uint8Array>>;
}
