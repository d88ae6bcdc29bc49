/**
 * What one PRELOAD comes to, as data. Everything before only reads to make a plan, everything after only
 * writes what it says; `--build-arg LARDER_PLAN=1` prints it.
 */

import type { NeededBlob, StoreTarget } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import type { DiffId } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { familiarReference, type Reference } from "../../image/reference.js";

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

/** The network of a step that fetches. */
export type Network = "default" | "host" | "none";

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

/** An image as errors name it: `image "redis:7" (images.txt:7)`. */
export function nameImage(name: string, where?: string): string {
  return `image "${name}"${where === undefined ? "" : ` (${where})`}`;
}

/** As the build's output names an image: with its digest only if there is no tag. */
export function nameOf(reference: Reference): string {
  const { digest: _, ...withoutDigest } = reference;
  return familiarReference(reference.tag ? withoutDigest : reference);
}

/** An outer layer with compressed blobs of inner layers, for a store that keeps them. */
export interface BlobLayer {
  readonly blobs: readonly NeededBlob[];
  readonly history: string;
}
