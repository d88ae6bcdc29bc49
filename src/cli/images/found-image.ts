import type { ImageConfig } from "../../image/config.js";
import type { Digest } from "../../image/digest.js";
import type { Platform } from "../../image/platform.js";

export interface LayoutRequest {
  /** As the user wrote it. */
  readonly name: string;
  /** The name of one of several images. */
  readonly wanted?: string;
  readonly platform?: Platform;
  /** The platform if none is asked for. */
  readonly preferred?: Platform;
}

/** An image for one platform, and the files that hold its layers, lowest first. */
export interface FoundImage {
  readonly platform: Platform;
  readonly digest?: Digest;
  readonly config: ImageConfig;
  readonly blobs: readonly FoundBlob[];
}

export interface FoundBlob {
  readonly path: string;
  readonly digest?: Digest;
  readonly size?: number;
  readonly mediaType?: string;
}
