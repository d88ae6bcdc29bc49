/** The container manager in a system container, whichever it is. */
import type { Digest } from "../../../image/digest.js";
import type { Platform } from "../../../image/platform.js";
import type { Reference } from "../../../image/reference.js";
import type { StoreName } from "../../../stores/table.js";
import type { LayoutFolder } from "../files/layout-folder.js";
import type { ShelfContent } from "./shelf-content.js";

/** One name of an image in the inner store. */
export interface ListedImage {
  /** With a digest only if it has no tag. */
  readonly reference: Reference;
  /** What the store knows the image by: its image ID in Docker's graph driver, else the digest of its manifest or index. */
  readonly target: Digest;
  /** Of Docker's graph driver: the digest that it lists the name with, or null. */
  readonly repoDigest?: Digest | null;
  readonly namespace?: string;
}

export interface Listing {
  readonly images: readonly ListedImage[];
  /** Images that have no name. */
  readonly unnamed: readonly string[];
}

/** An image whose blobs are in the layout, but for those that the shelf has. */
export interface TakenImage {
  /** Manifest or index. */
  readonly top: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly platform: Platform;
  /** Digests of the layers that the layout lacks. */
  readonly shelved: readonly Digest[];
  /** Some layer has no blob, here or on the shelf. */
  readonly lacksBlobs: boolean;
  /** Documents and layers that the layout must have. */
  readonly blobs: readonly Digest[];
}

export interface TakeRequest {
  readonly targets: readonly ListedImage[];
  readonly layout: LayoutFolder;
  readonly shelf: ShelfContent;
  /** Of images that have several. */
  readonly platform: Platform;
}

/** By targets. A text says what an image lacks that is there in part only. */
export type Taken = ReadonlyMap<Digest, TakenImage | string>;

export interface Manager {
  readonly name: "docker" | "containerd";
  readonly store: StoreName;
  /** Absolute paths of all directories where container managers keep their data. */
  readonly dataRoots: readonly string[];
  list(): Promise<Listing>;
  /** Puts the blobs of these images into the layout. */
  take(request: TakeRequest): Promise<Taken>;
}
