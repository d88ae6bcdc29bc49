import type { Readable } from "node:stream";
import type { ImageConfig } from "../../image/config.js";
import type { DiffId, Digest } from "../../image/digest.js";
import type { Platform } from "../../image/platform.js";

/** Where an image was found. */
export type SourceName = "engine" | "registry" | "layout" | "archive";

/** A system image, wherever it is kept. No layer is read before {@link OuterImage.openLayer} asks for it. */
export interface OuterImage {
  /** As the user wrote it. */
  readonly name: string;
  readonly source: SourceName;
  /** Of the platform's manifest. An engine with graph drivers and a saved tar of it know none. */
  readonly digest?: Digest;
  readonly platform: Platform;
  /** All platforms that the name has, this one among them. */
  readonly platforms: readonly Platform[];
  /** Of an engine's image, only the members that `ImageConfig` names. */
  readonly config: ImageConfig;
  /** Lowest first, one for each diffID of the config. */
  readonly layers: readonly OuterLayer[];
  /**
   * The layer's uncompressed tar. Neither its digest nor its diffID is checked.
   * @throws LarderError for a layer that the source does not have.
   */
  openLayer(index: number): Promise<Readable>;
  /**
   * A regular file of the image, where the source can read one without reading layers.
   * @param path relative to the image's root. @returns undefined if the image has no such file.
   */
  readFile?(path: string): Promise<Buffer | undefined>;
  /** Deletes what `openLayer` had to put on the disk. */
  close(): Promise<void>;
}

export interface OuterLayer {
  readonly diffId: DiffId;
  /** Of the blob, compressed or not, that the source has. */
  readonly digest?: Digest;
  /** Bytes of that blob. */
  readonly size?: number;
  readonly mediaType?: string;
  /** Bytes of the layer's files, where the source has counted them. */
  readonly unpacked?: number;
}
