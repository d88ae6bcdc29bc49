/** Finds the variant of an image of which everything is there. */
import { parseConfig, platformOf } from "../../../image/config.js";
import type { Digest } from "../../../image/digest.js";
import {
  type Descriptor,
  type Manifest,
  manifestsByPlatform,
  mediaTypeOf,
  parseManifestOrIndex,
} from "../../../image/manifest.js";
import type { Platform } from "../../../image/platform.js";
import type { TakenImage } from "./manager.js";
import type { ShelfContent } from "./shelf-content.js";

export interface Blobs {
  /** A document. @returns undefined if it is not there. */
  read(digest: Digest): Promise<Buffer | undefined>;
  has(digest: Digest): Promise<boolean>;
}

/**
 * @param platform The variant for it is the first choice, of those that are complete.
 * @returns what is missing, for an image that is there in part only.
 */
export async function completeImage(
  target: Digest,
  blobs: Blobs,
  shelf: ShelfContent,
  platform: Platform,
): Promise<TakenImage | string> {
  const bytes = await blobs.read(target);
  if (!bytes) return `its manifest ${target} is missing`;
  const top = { mediaType: mediaTypeOf(bytes), digest: target, size: bytes.length };
  const parsed = parseManifestOrIndex(bytes);
  const manifests = "manifest" in parsed ? [target] : byPreference(parsed.index, platform);
  let missing = "it has no manifest";
  for (const digest of manifests) {
    const found = await completeManifest(digest, blobs, shelf);
    if (typeof found !== "string") return { ...found, top, blobs: [target, ...found.blobs] };
    // The wanted variant's word counts: registries have variants that nobody pulls.
    if (missing === "it has no manifest") missing = found;
  }
  return missing;
}

function byPreference(index: readonly Descriptor[], platform: Platform): Digest[] {
  const own = manifestsByPlatform(index, platform);
  const others = index.filter((one) => one.platform?.os !== "unknown").map(({ digest }) => digest);
  return [...new Set([...own, ...others])];
}

async function completeManifest(
  digest: Digest,
  blobs: Blobs,
  shelf: ShelfContent,
): Promise<Omit<TakenImage, "top"> | string> {
  const bytes = await blobs.read(digest);
  if (!bytes) return `its manifest ${digest} is missing`;
  const parsed = parseManifestOrIndex(bytes);
  if ("index" in parsed) return "its index lists another index";
  const { manifest } = parsed;
  const config = await blobs.read(manifest.config.digest);
  if (!config) return `its config ${manifest.config.digest} is missing`;
  const layers = await sortLayers(manifest, parseConfig(config).rootfs?.diff_ids ?? [], blobs, shelf);
  if (typeof layers === "string") return layers;
  return {
    platform: platformOf(parseConfig(config)),
    shelved: layers.shelved,
    lacksBlobs: layers.lacksBlobs,
    blobs: [digest, manifest.config.digest, ...layers.given],
  };
}

async function sortLayers(
  { layers }: Manifest,
  diffIds: readonly string[],
  blobs: Blobs,
  shelf: ShelfContent,
): Promise<{ given: Digest[]; shelved: Digest[]; lacksBlobs: boolean } | string> {
  const sorted = { given: [] as Digest[], shelved: [] as Digest[], lacksBlobs: false };
  for (const [index, { digest }] of layers.entries()) {
    if (shelf.blobs.has(digest)) sorted.shelved.push(digest);
    else if (await blobs.has(digest)) sorted.given.push(digest);
    else if (shelf.rebuildable.has(diffIds[index] ?? "")) {
      sorted.shelved.push(digest);
      sorted.lacksBlobs = true;
    } else return `its layer ${digest} is missing`;
  }
  return sorted;
}
