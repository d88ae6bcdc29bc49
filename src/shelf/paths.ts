/** Places on the shelf; docs/shelf.md describes them all. */
import { type DiffId, type Digest, hexOf } from "../image/digest.js";

/** The shelf in a system image, relative to its root. */
export const shelf = "usr/lib/larder";

/** Paths below the shelf. */
export const onShelf = {
  /** All images that PRELOAD put there ({@link ./preload-file.ts}). */
  preload: "preload.json",
  /** The version of the Docker that loaded the images: the store that Docker chooses at its start depends on it. */
  dockerVersion: "docker-version",
  /** Programs that run in the container. */
  bin: "bin",
  layers: "layers",
  /** An inner layer: its files are in `fs`, and `whiteouts` exists if the layer hides something. */
  layer: (diffId: DiffId): string => `layers/${hexOf(diffId)}`,
  layerFiles: (diffId: DiffId): string => `layers/${hexOf(diffId)}/fs`,
  whiteouts: (diffId: DiffId): string => `layers/${hexOf(diffId)}/whiteouts`,
  blobs: "blobs/sha256",
  /** A compressed layer, byte for byte as in its registry. */
  blob: (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`,
  /** The files that describe the images to a store. */
  catalog: (store: string): string => `catalog/${store}`,
  /** Folders with a folder for each chain of layers: `diff` there is its layer, `tar-split` Docker's record of the tar. */
  tarRecords: ["catalog/overlay2/db", "catalog/podman/db"],
  /** The directories that a shelf may have. */
  directories: ["bin", "layers", "catalog", "blobs", "blobs/sha256"],
} as const;
