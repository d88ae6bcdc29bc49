import { readFile } from "node:fs/promises";
import type { InnerImage } from "../../image/inner-image.js";
import { familiarName } from "../../image/reference.js";
import { compare } from "../../store/bytes.js";
import type { Preload, ShelvedImage } from "../job.js";

/** `preload.json` of an earlier PRELOAD in the stage. @param shelf `/usr/lib/larder` of the stage. */
export async function readPreload(shelf: string): Promise<Preload> {
  const text = await readFile(`${shelf}/preload.json`, "utf8").catch(() => undefined);
  return text === undefined ? { version: 1, images: [] } : (JSON.parse(text) as Preload);
}

/** With these images as well, sorted; an image takes the place of an earlier one with the same reference there. */
export function mergePreload(
  earlier: Preload,
  images: readonly InnerImage[],
  where: Pick<ShelvedImage, "store" | "namespace">,
): Preload {
  const added = images.map((image) => ({ ...image, ...where }));
  const byReference = new Map([...earlier.images, ...added].map((image) => [keyOf(image), image]));
  const sorted = [...byReference].sort(([a], [b]) => compare(a, b));
  return { version: 1, images: sorted.map(([, image]) => plainImage(image)) };
}

export function formatPreload(preload: Preload): string {
  return `${JSON.stringify(preload, undefined, 1)}\n`;
}

function keyOf({ reference, store, namespace }: ShelvedImage): string {
  const name = familiarName(reference);
  const image = reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
  return [image, store, namespace].join(" ");
}

/** The fields of the file in their order, and no others. */
function plainImage({ reference, platform, store, namespace, imageId, diffIds }: ShelvedImage): ShelvedImage {
  const { domain, path, tag, digest } = reference;
  const { os, architecture, variant } = platform;
  return {
    reference: { domain, path, ...(tag !== undefined && { tag }), digest },
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    store,
    ...(namespace !== undefined && { namespace }),
    imageId,
    diffIds: [...diffIds],
  };
}
