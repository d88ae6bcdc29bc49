/**
 * What images share, and what that saves where they are kept. Registries keep a blob once, whatever it lies on. Engines
 * unpack a layer once for each stack below it, so only equal stacks share files there.
 */
import type { LayerReport, SystemImage } from "./system-image.js";

/** A sum of sizes, of which some may be unknown. */
export interface Total {
  /** Of the sizes that are known. */
  readonly bytes: number;
  readonly isComplete: boolean;
}

export type Unit = "compressed" | "unpacked";
export type Sizes = Pick<LayerReport, Unit>;

export function totalOf(layers: readonly Sizes[], unit: Unit): Total {
  const sizes = layers.map((layer) => layer[unit]);
  const bytes = sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
  return { bytes, isComplete: !sizes.includes(undefined) };
}

export interface SharedLayer {
  /** With each size that one of the images knows. */
  readonly layer: LayerReport;
  /** Indexes of the images that have it. */
  readonly images: readonly number[];
}

/** `content`: equal files, wherever they lie. `stack`: with equal layers below. */
export type Likeness = "content" | "stack";

/** All distinct layers by their diffIDs or chain IDs, in the order in which the images have them. */
export function distinctLayers(
  images: readonly SystemImage[],
  likeness: Likeness,
): ReadonlyMap<string, SharedLayer> {
  const found = new Map<string, SharedLayer>();
  for (const [index, { layers }] of images.entries()) {
    for (const layer of layers) {
      const key = likeness === "stack" ? layer.chainId : layer.diffId;
      const known = found.get(key);
      const sharers = [...new Set([...(known?.images ?? []), index])];
      found.set(key, { layer: { ...layer, ...known?.layer }, images: sharers });
    }
  }
  return found;
}

/** What a place keeps or gets for all the images. */
export interface Cost {
  readonly place: "registry" | "host with containerd" | "host with graph driver" | "host";
  /** Number of such places. */
  readonly places: number;
  readonly does: "store" | "transfer";
  readonly unit: Unit;
  readonly shared: Total;
  /** As if each system image held each of its inner images whole, as it does where they are saved archives. */
  readonly apart: Total;
}

interface Rule extends Pick<Cost, "place" | "does" | "unit"> {
  /** Two layers that are alike are kept or transferred once. */
  readonly likeness: Likeness;
}

const registry: Rule = { place: "registry", does: "store", unit: "compressed", likeness: "content" };

/** A graph driver keeps no blobs: for a layer on another stack, Docker gets the blob again. */
const host: readonly Rule[] = [
  { place: "host with containerd", does: "transfer", unit: "compressed", likeness: "content" },
  { place: "host with graph driver", does: "transfer", unit: "compressed", likeness: "stack" },
  { place: "host", does: "store", unit: "unpacked", likeness: "stack" },
];

/** For a registry, a host and a thousand hosts. */
export function costsOf(images: readonly SystemImage[]): Cost[] {
  return [
    costOf(images, registry, 1),
    ...[1, 1000].flatMap((places) => host.map((rule) => costOf(images, rule, places))),
  ];
}

function costOf(images: readonly SystemImage[], { likeness, ...rule }: Rule, places: number): Cost {
  const distinct = [...distinctLayers(images, likeness).values()].map(({ layer }) => layer);
  const shared = multiply(totalOf(distinct, rule.unit), places);
  const apart = multiply(totalOf(images.flatMap(wholeLayers), rule.unit), places);
  return { ...rule, places, shared, apart };
}

/** The image's own layers, and those of its inner images as often as these have them. */
function wholeLayers({ layers, inner }: SystemImage): Sizes[] {
  return [
    ...layers.filter(({ holds }) => holds?.kind !== "files"),
    ...inner.flatMap((image) => image.layers),
  ];
}

function multiply({ bytes, isComplete }: Total, times: number): Total {
  return { bytes: bytes * times, isComplete };
}

/** `1000 hosts with containerd transfer`. */
export function describeCost({ place, places, does }: Cost): string {
  return places === 1 ? `a ${place} ${does}s` : `${places} ${place.replace("host", "hosts")} ${does}`;
}
