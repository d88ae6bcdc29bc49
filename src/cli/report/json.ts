/** The JSON of `larder inspect` (docs/inspect.md). Members are only added; a changed meaning gets another version. */
import { formatPlatform } from "../../image/platform.js";
import { holdersOf } from "./holders.js";
import { costsOf, distinctLayers, type Total } from "./sharing.js";
import { type InnerImageReport, type LayerReport, type SystemImage, sumOf } from "./system-image.js";

/** `null` stands for what is not known. */
export function reportJson(images: readonly SystemImage[]) {
  const sharers = [...distinctLayers(images, "content").values()];
  return {
    version: 1,
    images: images.map((image) => imageJson(image)),
    shared: sharers
      .filter((one) => one.images.length > 1)
      .map((one) => ({ diffId: one.layer.diffId, images: one.images })),
    costs: costsOf(images).map(({ shared, apart, ...cost }) => ({
      ...cost,
      shared: totalJson(shared),
      apart: totalJson(apart),
    })),
  };
}

function imageJson(image: SystemImage) {
  const { outer, inner, layers, knownFrom } = image;
  return {
    name: outer.name,
    source: outer.source,
    digest: outer.digest ?? null,
    platform: formatPlatform(outer.platform),
    platforms: outer.platforms.map(formatPlatform),
    knownFrom,
    innerImages: inner.map(innerJson),
    layers: layers.map((layer) => layerJson(image, layer)),
  };
}

function innerJson({ name, details, layers }: InnerImageReport) {
  return {
    name,
    digest: details?.digest ?? null,
    imageId: details?.imageId ?? null,
    platform: details ? formatPlatform(details.platform) : null,
    stores: details?.stores.map(({ store, namespace }) => ({ store, namespace: namespace ?? null })) ?? null,
    compressed: orNull(sumOf(layers.map(({ compressed }) => compressed))),
    unpacked: orNull(sumOf(layers.map(({ unpacked }) => unpacked))),
    layers: layers.map(({ diffId, outer, compressed, unpacked }) => ({
      diffId: diffId ?? null,
      outerLayer: orNull(outer),
      compressed: orNull(compressed),
      unpacked: orNull(unpacked),
    })),
  };
}

function layerJson(image: SystemImage, layer: LayerReport) {
  return {
    diffId: layer.diffId,
    digest: layer.digest ?? null,
    compressed: orNull(layer.compressed),
    unpacked: orNull(layer.unpacked),
    holds: layer.holds?.kind ?? "stage",
    ...(layer.holds?.kind === "files" && { diffIds: layer.holds.diffIds, images: holdersOf(image, layer) }),
    ...(layer.holds?.kind === "blobs" && { digests: layer.holds.digests }),
  };
}

export function totalJson({ bytes, isComplete }: Total) {
  return { bytes, complete: isComplete };
}

function orNull(value: number | undefined): number | null {
  return value ?? null;
}
