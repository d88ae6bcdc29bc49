import { closeImages, openImages } from "../images/open.js";
import type { OpenOptions } from "../images/open-options.js";
import type { OuterImage } from "../images/outer-image.js";
import type { Progress } from "../output/progress.js";
import { countFiles } from "./count-files.js";
import { readShelfFacts } from "./shelf-facts.js";
import { describeSystemImage, type SystemImage } from "./system-image.js";

export interface ReadOptions extends OpenOptions {
  /** Of an image in a registry, the layer of the catalog may be pulled. */
  readonly catalog: boolean;
}

/** @returns the images in the order of their names. */
export async function readSystemImages(
  names: readonly string[],
  options: ReadOptions,
  progress: Progress,
): Promise<SystemImage[]> {
  progress.step(`looking for ${names.join(", ")}`);
  const opened = await openImages(names, options);
  try {
    const images: SystemImage[] = [];
    for (const outer of opened) images.push(await readSystemImage(outer, options, progress));
    return images;
  } finally {
    await closeImages(opened);
  }
}

async function readSystemImage(
  outer: OuterImage,
  { catalog }: ReadOptions,
  progress: Progress,
): Promise<SystemImage> {
  const isRemote = outer.source === "registry";
  const first = describeSystemImage(outer, undefined);
  // Nobody creates a container, or reads a layer, of an image that has nothing to show.
  const hasShelf = first.layers.some(({ holds }) => holds);
  const facts = hasShelf && (catalog || !isRemote) ? await readShelfFacts(outer) : undefined;
  const second = describeSystemImage(outer, facts);
  return isRemote ? second : describeSystemImage(outer, facts, await countUnknown(second, progress));
}

/** Layers on this machine are read to count what nobody has counted. */
async function countUnknown(
  { outer, layers }: SystemImage,
  progress: Progress,
): Promise<Map<number, number>> {
  const counted = new Map<number, number>();
  for (const { index, unpacked } of layers) {
    if (unpacked !== undefined) continue;
    progress.step(`${outer.name}: counting the files of layer ${index + 1} of ${layers.length}`);
    counted.set(index, await countFiles(outer, index));
  }
  return counted;
}
