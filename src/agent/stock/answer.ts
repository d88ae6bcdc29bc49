import { existsSync } from "node:fs";
import { hexOf } from "../../image/chain.js";
import type { Store } from "../../stores/store.js";
import { mount, type NeededBlob, type StockAnswer, shelf } from "../job.js";
import type { LayoutImage } from "../layout-image.js";

/** What the frontend asks and only the daemon could tell: which blobs of layers the store needs on the shelf. */
export function formatAnswer(store: Store, images: readonly LayoutImage[]): string {
  const blobs = new Map<string, NeededBlob>();
  const wanted = new Set(store.layerBlobs());
  for (const [index, image] of images.entries()) {
    for (const [position, { digest, size }] of image.manifest.layers.entries()) {
      if (!wanted.has(digest) || blobs.has(digest)) continue;
      if (existsSync(`${mount.stage}/${shelf}/blobs/sha256/${hexOf(digest)}`)) continue;
      blobs.set(digest, { digest, size, image: index, position });
    }
  }
  const answer: StockAnswer = { store: store.name, blobs: [...blobs.values()] };
  return `${JSON.stringify(answer)}\n`;
}
