/**
 * The lower directories of an overlay mount. A layer that hides something has two of them, its files and its whiteouts, so
 * that images of more than some 60 such layers would need more than Docker allows. Some layers of those become real: a
 * container gets a copy of the layer's files, with the whiteouts among them as Docker itself has it, which is one directory.
 */
import { compare } from "../../files/bytes.js";
import type { ChainId } from "../../image/digest.js";
import { linkIdOf, whiteoutLinkIdOf } from "./ids.js";
import { ancestry, type CatalogLayer, type CatalogModel } from "./model.js";

/** A mount names each lower directory twice over in `lower`, and Docker refuses more (overlay2's maxDepth). */
export const maxLowers = 128;

/** So many layers can be built on an image, in the container, before Docker refuses those. */
const roomAbove = 8;

/** Does the layer need a lower directory with whiteouts? In the bottom layer there is nothing to hide. */
export function hides(layer: CatalogLayer): boolean {
  return layer.whiteouts && layer.parent !== null && !layer.real;
}

/** Names in `overlay2/l` of what lies below the layer's own content, nearest first. */
export function lowersOf(model: CatalogModel, chainId: ChainId): string[] {
  const line = ancestry(model, chainId);
  // Equal layers (empty ones are common) are one directory of the shelf, and overlayfs refuses one that is there
  // twice (ELOOP). The upper one covers all of the lower one.
  const covered = (index: number): boolean =>
    line.findIndex(({ layer }) => layer.diffId === line[index]?.layer.diffId) < index;
  return line.flatMap(({ chainId: id, layer }, index) => [
    ...(index === 0 || covered(index) ? [] : [linkIdOf(id)]),
    ...(hides(layer) ? [whiteoutLinkIdOf(id)] : []),
  ]);
}

/** Directories in the mount of a container: it adds its init layer, and the layer itself. */
function directoriesOf(model: CatalogModel, chainId: ChainId): number {
  return lowersOf(model, chainId).length + 2;
}

/**
 * Makes as few and as small layers real as it takes to mount each image.
 * @param earlier what a PRELOAD above has described: a layer that is real there is one here.
 * @throws Error for an image that cannot be mounted even so.
 */
export function withRealLayers(model: CatalogModel, earlier: CatalogModel): CatalogModel {
  const layers: Record<ChainId, CatalogLayer> = { ...model.layers, ...earlier.layers };
  const current: CatalogModel = { ...model, layers };
  const tops = [...new Set(Object.values(model.images))].filter((chainId) => chainId !== null);
  for (;;) {
    const deep = tops.filter((top) => directoriesOf(current, top) > maxLowers - roomAbove);
    const chosen = smallestOf(current, deep);
    if (chosen === undefined) break;
    const layer = layers[chosen];
    if (layer) layers[chosen] = { ...layer, real: true };
  }
  for (const top of tops) {
    const directories = directoriesOf(current, top);
    if (directories <= maxLowers) continue;
    throw new Error(
      `the image needs ${directories} directories in an overlay mount, and Docker allows ${maxLowers}: build it with fewer layers`,
    );
  }
  return current;
}

/** The layer that costs a container least for each image that it brings nearer to the limit. */
function smallestOf(model: CatalogModel, tops: readonly ChainId[]): ChainId | undefined {
  const counts = new Map<ChainId, number>();
  for (const { chainId, layer } of tops.flatMap((top) => ancestry(model, top))) {
    // Not every `cp` copies extended attributes.
    if (!hides(layer) || layer.xattrs) continue;
    counts.set(chainId, (counts.get(chainId) ?? 0) + 1);
  }
  const cost = ([chainId, count]: readonly [ChainId, number]): number =>
    (model.layers[chainId]?.size ?? 0) / count;
  return [...counts].sort((a, b) => cost(a) - cost(b) || compare(a[0], b[0]))[0]?.[0];
}
