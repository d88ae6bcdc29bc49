/**
 * The plan of one PRELOAD, as data. All code before it only reads, and all code after it only writes. `--build-arg
 * LARDER_PLAN=1` prints it.
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
  /** The named context that replaces the stage up to here. */
  readonly context: string;
  readonly via: Via;
  /** The right by which the stock step mounts: `sysbox` is a sandbox with its own user namespace. */
  readonly security: Security;
  /** `merge`: the daemon merges layers itself (MergeOp). `copy`: they are copied onto the stage one by one. */
  readonly assembly: "merge" | "copy";
  /** The container manager in the stage that gets the images. */
  readonly target: StoreTarget;
  readonly images: readonly PlannedImage[];
  /** The outer layers that hold inner layers, lowest first. */
  readonly outerLayers: readonly OuterLayer[];
}

/**
 * `direct`: Larder unpacks the images' layers and describes them to the store. `daemon`: the stage's own container manager
 * takes the images in, which needs a right to mount.
 */
export type Via = "direct" | "daemon";

/** `none`: no step mounts anything. */
export type Security = "sysbox" | "insecure" | "none";

/** The network of a fetch step. */
export type Network = "default" | "host" | "none";

export interface PlannedImage extends InnerImage {
  /** The name in the output of the build: `redis:7`. */
  readonly name: string;
  readonly origin: Origin;
  /** The name of the step that produces the image. */
  readonly step: string;
  readonly asked: Asked;
}

/** The place of a request for an image. */
export interface Asked {
  /** In the Dockerfile. */
  readonly lines: Lines;
  /** In a file that the Dockerfile names: `images.txt:7`. */
  readonly where?: string;
}

export type Origin =
  | {
      readonly kind: "registry";
      /** The name in the registry. It differs from the image's own name if `--from=` is used. */
      readonly reference: InnerImage["reference"];
      readonly network: Network;
      readonly insecure: boolean;
    }
  /** The name in `--from=`: made in this build, or given to it. */
  | { readonly kind: "stage" | "context"; readonly name: string };

export interface OuterLayer {
  readonly diffIds: readonly DiffId[];
  /** `created_by` of its entry in the image's history. */
  readonly history: string;
}

/** Registries that may speak plain HTTP, beside those on a loopback address. */
export type InsecureRegistries = ReadonlySet<string>;

/** An image's name in errors: `image "redis:7" (images.txt:7)`. */
export function nameImage(name: string, where?: string): string {
  return `image "${name}"${where === undefined ? "" : ` (${where})`}`;
}

/** An image's name in the output of the build. It has the digest only if there is no tag. */
export function nameOf(reference: Reference): string {
  const { digest: _, ...withoutDigest } = reference;
  return familiarReference(reference.tag ? withoutDigest : reference);
}

/** An outer layer with compressed blobs of inner layers, for a store that keeps them. */
export interface BlobLayer {
  readonly blobs: readonly NeededBlob[];
  readonly history: string;
}
