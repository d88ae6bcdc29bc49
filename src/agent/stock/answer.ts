import { existsSync } from "node:fs";
import { onShelf } from "../../shelf/paths.js";
import type { NeededBlob, StockAnswer } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import type { TakenImages } from "./taken.js";

/**
 * The blobs of layers that the store needs on the shelf. The frontend cannot know them without the daemon.
 * @param folder The stage's shelf, which has some blobs already.
 */
export function formatAnswer(taken: TakenImages, images: readonly LayoutImage[], folder: string): string {
  const blobs = new Map<string, NeededBlob>();
  const wanted = new Set(taken.layerBlobs);
  for (const [index, image] of images.entries()) {
    for (const [position, { digest, size }] of image.manifest.layers.entries()) {
      if (!wanted.has(digest) || blobs.has(digest)) continue;
      if (existsSync(`${folder}/${onShelf.blob(digest)}`)) continue;
      blobs.set(digest, { digest, size, image: index, position });
    }
  }
  const answer: StockAnswer = { store: taken.store, blobs: [...blobs.values()] };
  return `${JSON.stringify(answer)}\n`;
}
