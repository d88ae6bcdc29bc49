/** Assigns inner layers and blobs to outer layers. */
import type { NeededBlob } from "../../agent/job.js";
import type { DiffId } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { blobHistory, count, layerHistory } from "./history.js";
import type { BlobLayer, OuterLayer, PlannedImage, PreloadPlan } from "./plan.js";

/** Distinct inner layers in the order of the images, without those that are already there. */
export function newLayers(images: readonly InnerImage[], present: ReadonlySet<string>): string[] {
  return [...new Set(images.flatMap(({ diffIds }) => diffIds))].filter((diffId) => !present.has(diffId));
}

/**
 * Gives each inner layer a separate outer layer, up to `budget` of them. Beyond that, the smallest inner layers share
 * the last outer layer. The rule depends on the set of layers alone.
 * @param sizes compressed sizes in bytes by diffID, needed only beyond the budget.
 */
export function groupLayers(
  diffIds: readonly DiffId[],
  sizes: ReadonlyMap<string, number>,
  budget: number,
): string[][] {
  if (diffIds.length <= budget) return diffIds.map((diffId) => [diffId]);
  const size = (diffId: DiffId): number => sizes.get(diffId) ?? 0;
  const largestFirst = [...diffIds].sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1));
  const alone = new Set(largestFirst.slice(0, Math.max(budget - 1, 0)));
  const shared = largestFirst.slice(alone.size).sort();
  return [...diffIds.filter((diffId) => alone.has(diffId)).map((diffId) => [diffId]), shared];
}

export function planOuterLayers(
  groups: readonly (readonly string[])[],
  images: readonly PlannedImage[],
): OuterLayer[] {
  return groups.map((diffIds) => ({ diffIds, history: layerHistory(diffIds, images) }));
}

/** The same rule for blobs: one outer layer each, and beyond the budget, the smallest share the last one. */
export function planBlobLayers(
  blobs: readonly NeededBlob[],
  images: readonly PlannedImage[],
  budget: number,
): BlobLayer[] {
  const byDigest = new Map(blobs.map((blob) => [blob.digest, blob]));
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return groupLayers([...byDigest.keys()], sizes, budget).map((digests) => {
    const group = digests.flatMap((digest) => byDigest.get(digest) ?? []);
    return { blobs: group, history: blobHistory(group, images) };
  });
}

export function stockStepName({ images, outerLayers }: PreloadPlan): string {
  const layers = outerLayers.reduce((sum, { diffIds }) => sum + diffIds.length, 0);
  return `[larder] stock ${count(images.length, "image")} (${count(layers, "layer")})`;
}

export function shelveStepName(layers: readonly BlobLayer[]): string {
  const blobs = layers.reduce((sum, layer) => sum + layer.blobs.length, 0);
  return `[larder] shelve ${count(blobs, "blob")}`;
}
