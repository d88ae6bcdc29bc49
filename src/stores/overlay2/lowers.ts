/**
 * The lower directories of an overlay mount. A layer that hides something has two of them: files and whiteouts. Images
 * with more than some 60 such layers would exceed Docker's limit, so some layers become real: a container gets a copy
 * of the layer's files with the whiteouts among them, as Docker keeps them, which is one directory.
 */
import { compare } from "../../files/bytes.js";
import type { ChainId } from "../../image/digest.js";
import { linkIdOf, whiteoutLinkIdOf } from "./ids.js";
import { ancestry, type CatalogLayer, type CatalogModel, type LayerModel } from "./model.js";

/** A mount names each lower directory twice in `lower`, and Docker refuses more (overlay2's maxDepth). */
export const maxLowers = 128;

/** Room for the layers that a container builds on an image. */
const roomAbove = 8;

/** Does the layer need a lower directory with whiteouts? A bottom layer has nothing to hide. */
export function hides(layer: CatalogLayer): boolean {
  return layer.whiteouts && layer.parent !== null && !layer.real;
}

/** A directory below a layer's own content. */
export interface LowerDirectory {
  readonly chainId: ChainId;
  readonly holds: "files" | "whiteouts";
}

/** The directories below the layer's own content, nearest first. */
export function lowerDirectories(model: LayerModel, chainId: ChainId): LowerDirectory[] {
  const line = ancestry(model, chainId);
  // Equal layers (empty ones are common) are one directory of the shelf, and overlayfs refuses the same directory twice
  // (ELOOP). The upper one covers all of the lower one.
  const covered = (index: number): boolean =>
    line.findIndex(({ layer }) => layer.diffId === line[index]?.layer.diffId) < index;
  return line.flatMap(({ chainId: id, layer }, index): LowerDirectory[] => [
    ...(index === 0 || covered(index) ? [] : [{ chainId: id, holds: "files" } as const]),
    ...(hides(layer) ? [{ chainId: id, holds: "whiteouts" } as const] : []),
  ]);
}

/** Their names in `overlay2/l`. */
export function lowersOf(model: LayerModel, chainId: ChainId): string[] {
  return lowerDirectories(model, chainId).map(({ chainId: id, holds }) =>
    holds === "files" ? linkIdOf(id) : whiteoutLinkIdOf(id),
  );
}

/** The number of directories in a container's mount, with its init layer and the layer itself. */
function directoriesOf(model: CatalogModel, chainId: ChainId): number {
  return lowersOf(model, chainId).length + 2;
}

/**
 * Makes layers real until each image can be mounted: as few and as small ones as possible.
 * @param earlier catalog of the PRELOADs above. Its real layers stay real.
 * @throws Error for an image that cannot be mounted even then.
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

/** The layer with the lowest cost to a container for each image that it brings nearer to the limit. */
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
