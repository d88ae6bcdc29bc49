/** The image's label `io.larder.preload`: what a system image holds, for people and for later builds. */

import { type ImageConfig, labelsOf } from "../../image/config.js";
import type { InnerImage } from "../../image/inner-image.js";
import { formatPlatform } from "../../image/platform.js";
import { familiarReference } from "../../image/reference.js";

export const preloadLabel = "io.larder.preload";

export interface LabelEntry {
  readonly reference: string;
  readonly digest: string;
  readonly platform: string;
  /** diffIDs, bottom layer first. */
  readonly layers: readonly string[];
}

/** What the image holds already, from the stage's base or from a PRELOAD above. */
export function readLabel(config: ImageConfig): readonly LabelEntry[] {
  const text = labelsOf(config)[preloadLabel];
  return text === undefined ? [] : (JSON.parse(text) as LabelEntry[]);
}

/** The label after a PRELOAD: a reference that is preloaded again stands for the newer image. */
export function extendLabel(present: readonly LabelEntry[], images: readonly InnerImage[]): string {
  const added = images.map(labelEntry);
  const kept = present.filter((old) => !added.some((entry) => entry.reference === old.reference));
  return JSON.stringify([...kept, ...added]);
}

function labelEntry({ reference, platform, diffIds }: InnerImage): LabelEntry {
  const { digest, ...tagged } = reference;
  return {
    reference: familiarReference(reference.tag ? tagged : reference),
    digest,
    platform: formatPlatform(platform),
    layers: diffIds,
  };
}
