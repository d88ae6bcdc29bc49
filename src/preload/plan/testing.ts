/** Helpers for specs of plans. */
import type { DiffId } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { parseReference } from "../../image/reference.js";
import { planFetched } from "./images.js";
import { planOuterLayers } from "./layers.js";
import type { InsecureRegistries, Network, PlannedImage, PreloadPlan } from "./plan.js";

export const repeatedDigest = (digit: string): string => `sha256:${digit.repeat(64)}`;

export function innerImage(text: string, diffIds: readonly DiffId[] = []): InnerImage {
  return {
    reference: { ...parseReference(text), digest: repeatedDigest("0") },
    platform: { os: "linux", architecture: "amd64" },
    imageId: repeatedDigest("0"),
    diffIds,
  };
}

export function plannedImage(
  text: string,
  diffIds: readonly DiffId[] = [],
  network?: Network,
  insecure: InsecureRegistries = new Set(),
): PlannedImage {
  const asked = { lines: { start: 2, end: 2 } };
  return planFetched(innerImage(text, diffIds), parseReference(text), network, insecure, asked);
}

/** Two images with four layers in all. The last two of these share an outer layer. */
export function samplePlan(layers: readonly [string, string, string, string]): PreloadPlan {
  const [one, two, three, four] = layers;
  const images = [plannedImage("redis:7", [one, two]), plannedImage("postgres", [one, three, four])];
  return {
    lines: { start: 1, end: 1 },
    stage: "stage-0",
    context: "larder-cut-1",
    via: "daemon",
    security: "insecure",
    assembly: "merge",
    target: {},
    images,
    outerLayers: planOuterLayers([[one], [two], [three, four]], images),
  };
}
