/** Where things are on the shelf; docs/shelf.md has all of it. */
import { type DiffId, type Digest, hexOf } from "../image/digest.js";

/** The shelf in a system image, relative to its root. */
export const shelf = "usr/lib/larder";

/** Below the shelf. */
export const onShelf = {
  /** All images that PRELOAD put there ({@link ./preload-file.ts}). */
  preload: "preload.json",
  /** The Docker that took the images in: which store it takes at start depends on its version. */
  dockerVersion: "docker-version",
  /** Programs that run in the container. */
  bin: "bin",
  layers: "layers",
  /** An inner layer: its files in `fs`, and `whiteouts` where it hides something. */
  layer: (diffId: DiffId): string => `layers/${hexOf(diffId)}`,
  layerFiles: (diffId: DiffId): string => `layers/${hexOf(diffId)}/fs`,
  whiteouts: (diffId: DiffId): string => `layers/${hexOf(diffId)}/whiteouts`,
  blobs: "blobs/sha256",
  /** A compressed layer as its registry has it. */
  blob: (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`,
  /** What a store needs to know of the images. */
  catalog: (store: string): string => `catalog/${store}`,
  /** The directories that a shelf may have. */
  directories: ["bin", "layers", "catalog", "blobs", "blobs/sha256"],
} as const;
