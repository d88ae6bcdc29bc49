/** PRELOAD's entries in an image's history, one for each outer layer. Later builds read them. */

import type { HistoryEntry, ImageConfig } from "../../image/config.js";
import type { DiffId } from "../../image/digest.js";
import { historyComment, parseHistoryEntry } from "../../shelf/history.js";
import type { BlobLayer, PlannedImage, PreloadPlan } from "./plan.js";

/** Entries for the plan's outer layers, the layers of blobs, and the catalog, in the order of the layers. */
export function planHistory(plan: PreloadPlan, blobLayers: readonly BlobLayer[]): HistoryEntry[] {
  const names = plan.images.map(({ name }) => name).join(" ");
  const layers = [...plan.outerLayers, ...blobLayers].map(({ history }) => history);
  return [...layers, `PRELOAD ${names}, catalog`].map((created_by) => ({
    created_by,
    comment: historyComment,
  }));
}

/** @param diffIds of the inner layers in an outer layer. */
export function layerHistory(diffIds: readonly DiffId[], images: readonly PlannedImage[]): string {
  const [only] = diffIds;
  if (diffIds.length !== 1 || !only) {
    return `PRELOAD ${count(diffIds.length, "small layer")}, ${diffIds.join(" ")}`;
  }
  const image = images.find((candidate) => candidate.diffIds.includes(only));
  const position = image ? image.diffIds.indexOf(only) + 1 : 0;
  return `PRELOAD ${image?.name}, layer ${position} of ${image?.diffIds.length}, ${only}`;
}

export function blobHistory(blobs: BlobLayer["blobs"], images: readonly PlannedImage[]): string {
  const [only] = blobs;
  if (blobs.length !== 1 || !only) {
    return `PRELOAD ${count(blobs.length, "small blob")}, ${blobs.map(({ digest }) => digest).join(" ")}`;
  }
  const image = images[only.image];
  return `PRELOAD ${image?.name}, blob of layer ${only.position + 1} of ${image?.diffIds.length}, ${only.digest}`;
}

/**
 * DiffIDs of the inner layers that the image claims to hold, grouped by outer layer. They come from the stage's base or
 * a PRELOAD above. The stock step compares them with the daemon's own layers.
 */
export function claimedLayers({ history = [] }: ImageConfig): string[][] {
  return history.flatMap((entry) => {
    const layer = parseHistoryEntry(entry);
    return layer?.kind === "files" ? [[...layer.diffIds]] : [];
  });
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
