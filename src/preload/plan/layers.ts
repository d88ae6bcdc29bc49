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

/** The steps of a PRELOAD, without those that depend on what they find. */
export function plannedSteps(plan: PreloadPlan): string[] {
  const taken = plan.images.map(({ step }) => step);
  if (plan.via === "daemon") return [...taken, stockStepName(plan)];
  const unpacked = plan.outerLayers.map(({ diffIds }) => unpackStepName(diffIds, plan.images));
  return [...taken, ...unpacked, catalogStepName(plan)];
}

export function unpackStepName(diffIds: readonly DiffId[], images: readonly PlannedImage[]): string {
  const [only = ""] = diffIds;
  const image = images.find((one) => one.diffIds.includes(only));
  if (diffIds.length !== 1 || !image) return `[larder] unpack ${count(diffIds.length, "small layer")}`;
  return `[larder] unpack ${layerName(image, image.diffIds.indexOf(only))}`;
}

export function catalogStepName({ images }: PreloadPlan): string {
  return `[larder] describe ${count(images.length, "image")}`;
}

export function shelveStepName({ blobs }: BlobLayer, images: readonly PlannedImage[]): string {
  const [only] = blobs;
  const image = only && images[only.image];
  if (blobs.length !== 1 || !image) return `[larder] shelve ${count(blobs.length, "small blob")}`;
  return `[larder] shelve ${layerName(image, only.position)}`;
}

/** A layer in the output of the build. @param position from 0. */
export function layerName({ name, diffIds }: PlannedImage, position: number): string {
  return `${name} layer ${position + 1}/${diffIds.length}`;
}
