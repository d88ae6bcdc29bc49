/**
 * What one PRELOAD comes to, as data. Everything before only reads to make a plan, everything after only
 * writes what it says; `--build-arg LARDER_PLAN=1` prints it.
 */

import type { NeededBlob, StoreTarget } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import type { DiffId } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { familiarReference, isLoopback, type Reference } from "../../image/reference.js";
import type { Network } from "../directive/directive.js";
import { blobHistory, count, layerHistory } from "./history.js";

export interface PreloadPlan {
  readonly lines: Lines;
  /** The stage's name, or `stage-<index>`. */
  readonly stage: string;
  /** The named context that stands for the stage up to here. */
  readonly context: string;
  /** How the stock step gets the right to mount: `sysbox` is a sandbox of its own user namespace. */
  readonly security: Security;
  /** Whether the daemon merges layers itself (MergeOp) or they are copied onto the stage one by one. */
  readonly assembly: "merge" | "copy";
  /** For whom of the stage the images are. */
  readonly target: StoreTarget;
  readonly images: readonly PlannedImage[];
  /** The outer layers that hold inner layers, lowest first. */
  readonly outerLayers: readonly OuterLayer[];
}

export type Security = "sysbox" | "insecure";

export interface PlannedImage extends InnerImage {
  /** As the build's output names it: `redis:7`. */
  readonly name: string;
  readonly origin: Origin;
  /** What the step is called that brings it. */
  readonly step: string;
  readonly asked: Asked;
}

/** Where somebody asked for an image. */
export interface Asked {
  /** In the Dockerfile. */
  readonly lines: Lines;
  /** In a file that it names: `images.txt:7`. */
  readonly where?: string;
}

export type Origin =
  | {
      readonly kind: "registry";
      /** What the registry calls it: not the image's own name where `--from=` gives it another. */
      readonly reference: InnerImage["reference"];
      readonly network: Network;
      readonly insecure: boolean;
    }
  /** What `--from=` names: made in this build, or given to it. */
  | { readonly kind: "stage" | "context"; readonly name: string };

export interface OuterLayer {
  readonly diffIds: readonly DiffId[];
  /** `created_by` of its entry in the image's history. */
  readonly history: string;
}

/** Registries that may speak plain HTTP beside those on a loopback address. */
export type InsecureRegistries = ReadonlySet<string>;

/**
 * An image of a registry.
 * @param reference as what it is to be known, where that is not the registry's name.
 * @param asked for by whom, as an error names it.
 */
export function planFetched(
  image: InnerImage,
  reference: Reference,
  network: Network | undefined,
  insecureRegistries: InsecureRegistries,
  asked: Asked,
): PlannedImage {
  const loopback = isLoopback(image.reference);
  const name = nameOf(reference);
  return {
    ...image,
    reference: { ...reference, digest: image.reference.digest },
    name,
    origin: {
      kind: "registry",
      reference: image.reference,
      // Only the builder's own network has what it means by a loopback address.
      network: network ?? (loopback ? "host" : "default"),
      insecure: loopback || insecureRegistries.has(image.reference.domain),
    },
    step: `[larder] fetch ${name}`,
    asked,
  };
}

/** An image that is not in a registry. */
export function planPacked(
  image: InnerImage,
  reference: Reference,
  origin: Origin,
  asked: Asked,
): PlannedImage {
  const name = nameOf(reference);
  return {
    ...image,
    reference: { ...reference, digest: image.reference.digest },
    name,
    origin,
    step: packStepName(name),
    asked,
  };
}

export function packStepName(name: string): string {
  return `[larder] pack ${name}`;
}

/** As the build's output names an image: with its digest only if there is no tag. */
export function nameOf(reference: Reference): string {
  const { digest: _, ...withoutDigest } = reference;
  return familiarReference(reference.tag ? withoutDigest : reference);
}

/** Distinct inner layers in the order in which the images name them, without those that are there already. */
export function newLayers(images: readonly InnerImage[], present: ReadonlySet<string>): string[] {
  return [...new Set(images.flatMap(({ diffIds }) => diffIds))].filter((diffId) => !present.has(diffId));
}

/**
 * Gives each inner layer an outer layer of its own while there are at most `budget` of them. Past that the
 * smallest ones share the last outer layer. The rule looks at nothing but the set of layers.
 * @param sizes compressed sizes in bytes by diffID, needed only past the budget.
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

/** An outer layer with compressed blobs of inner layers, for a store that keeps them. */
export interface BlobLayer {
  readonly blobs: readonly NeededBlob[];
  readonly history: string;
}

/** Like the inner layers themselves: one each, and past the budget the smallest share the last one. */
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

export function stockStep({ images, outerLayers }: PreloadPlan): string {
  const layers = outerLayers.reduce((sum, { diffIds }) => sum + diffIds.length, 0);
  return `[larder] stock ${count(images.length, "image")} (${count(layers, "layer")})`;
}

export function shelveStep(layers: readonly BlobLayer[]): string {
  const blobs = layers.reduce((sum, layer) => sum + layer.blobs.length, 0);
  return `[larder] shelve ${count(blobs, "blob")}`;
}
