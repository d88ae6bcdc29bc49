import { existsSync } from "node:fs";
import { onShelf } from "../../shelf/paths.js";
import type { LoadedImage } from "../../stores/store.js";
import type { NeededBlob, StoreAnswer } from "../job.js";
import type { DescribedStore } from "./described-store.js";

/**
 * The blobs of layers that the stores need on the shelf. The frontend cannot know them without the stage.
 * @param stores The one that the container manager uses comes first.
 * @param folder The stage's shelf, which has some blobs already.
 */
export function formatAnswer(
  stores: readonly DescribedStore[],
  images: readonly LoadedImage[],
  folder: string,
  manager: StoreAnswer["manager"],
): string {
  const blobs = new Map<string, NeededBlob>();
  const wanted = new Set(stores.flatMap(({ layerBlobs }) => layerBlobs));
  for (const [index, image] of images.entries()) {
    for (const [position, { digest, size }] of image.manifest.layers.entries()) {
      if (!wanted.has(digest) || blobs.has(digest)) continue;
      if (existsSync(`${folder}/${onShelf.blob(digest)}`)) continue;
      blobs.set(digest, { digest, size, image: index, position });
    }
  }
  const [first] = stores;
  if (!first) throw new Error("no store has the images");
  const answer: StoreAnswer = { manager, store: first.store, blobs: [...blobs.values()] };
  return `${JSON.stringify(answer)}\n`;
}
