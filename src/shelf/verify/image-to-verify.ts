import type { ImageConfig } from "../../image/config.js";
import type { DiffId } from "../../image/digest.js";

/** A system image to verify, wherever it comes from. */
export interface ImageToVerify {
  readonly config: ImageConfig;
  /** Bottom layer first, as many as the config has diffIDs. */
  readonly layers: readonly { readonly diffId: DiffId }[];
  /** The uncompressed tar of a layer. It may be opened several times. */
  openLayer(index: number): Promise<AsyncIterable<Uint8Array>>;
}
