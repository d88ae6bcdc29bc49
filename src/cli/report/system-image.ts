/** What is known of a system image, as data. Tables, JSON and pages show it. */
import { chainOf } from "../../image/chain.js";
import type { ChainId, DiffId, Digest } from "../../image/digest.js";
import type { Platform } from "../../image/platform.js";
import { familiarReference, type Reference } from "../../image/reference.js";
import { readHistory, type ShelfLayer } from "../../shelf/history.js";
import type { OuterImage, OuterLayer } from "../images/outer-image.js";
import type { ShelfFacts } from "./shelf-facts.js";

export interface SystemImage {
  readonly outer: OuterImage;
  /** Nothing was preloaded, if it is empty. */
  readonly inner: readonly InnerImageReport[];
  /** Lowest first. */
  readonly layers: readonly LayerReport[];
  /** The config has names and layers. The catalog has digests, platforms, stores and unpacked sizes, too. */
  readonly knownFrom: "config" | "catalog";
}

export interface InnerImageReport {
  /** `redis:7`, or with its digest where it has no tag. */
  readonly name: string;
  readonly details?: InnerImageDetails;
  /** Lowest first. Of a layer that lies with another image's, the config alone does not tell the diffID. */
  readonly layers: readonly InnerLayerReport[];
}

export interface InnerImageDetails {
  /** Of the index or manifest in its registry. */
  readonly digest: Digest;
  readonly imageId: Digest;
  readonly platform: Platform;
  /** The image is in each of them. */
  readonly stores: readonly { readonly store: string; readonly namespace?: string }[];
}

export interface InnerLayerReport {
  readonly diffId?: DiffId;
  /** Index of the outer layer that holds it. */
  readonly outer?: number;
  /** Of the outer layer, if that holds nothing else. */
  readonly compressed?: number;
  readonly unpacked?: number;
}

export interface LayerReport extends Omit<OuterLayer, "size"> {
  readonly index: number;
  /** Of the layer with all layers below it. */
  readonly chainId: ChainId;
  /** Undefined for a layer that PRELOAD did not make. */
  readonly holds?: ShelfLayer;
  /** Bytes of the compressed blob. */
  readonly compressed?: number;
}

/** @param facts undefined if only the config was read, or if the image has no shelf. */
export function describeSystemImage(
  outer: OuterImage,
  facts: ShelfFacts | undefined,
  counted: ReadonlyMap<number, number> = new Map(),
): SystemImage {
  const held = readHistory(outer.config);
  const context = { source: outer.source, facts, counted };
  const layers = chainOf(outer.layers.map(({ diffId }) => diffId)).map(({ diffId, chainId }, index) => ({
    ...describeLayer(outer.layers[index] ?? { diffId }, index, held.get(index), context),
    chainId,
  }));
  const found = facts ? innerFromShelf(facts, held) : innerFromHistory(held);
  const inner = found.map((image) => ({
    ...image,
    layers: image.layers.map((layer) => withSizes(layer, layers, facts)),
  }));
  return { outer, inner, layers, knownFrom: facts ? "catalog" : "config" };
}

interface LayerContext extends Pick<OuterImage, "source"> {
  readonly facts: ShelfFacts | undefined;
  readonly counted: ReadonlyMap<number, number>;
}

function describeLayer(
  { size, ...layer }: OuterLayer,
  index: number,
  holds: ShelfLayer | undefined,
  { source, facts, counted }: LayerContext,
): Omit<LayerReport, "chainId"> {
  const inShelf =
    holds?.kind === "files" && facts ? sumOf(holds.diffIds.map((one) => facts.sizes.get(one))) : undefined;
  const unpacked = layer.unpacked ?? inShelf ?? counted.get(index);
  const isCompressed = source === "registry" || /[+.](gzip|zstd)$/.test(layer.mediaType ?? "");
  return {
    ...layer,
    index,
    ...(holds && { holds }),
    ...(isCompressed && size !== undefined && { compressed: size }),
    ...(unpacked !== undefined && { unpacked }),
  };
}

function withSizes(
  layer: InnerLayerReport,
  outerLayers: readonly LayerReport[],
  facts: ShelfFacts | undefined,
): InnerLayerReport {
  const { diffId, outer } = layer;
  const report = outer === undefined ? undefined : outerLayers[outer];
  const isAlone = report?.holds?.kind === "files" && report.holds.diffIds.length === 1;
  const { compressed, unpacked } = isAlone ? report : {};
  const counted = (diffId === undefined ? undefined : facts?.sizes.get(diffId)) ?? unpacked;
  return {
    ...layer,
    ...(compressed !== undefined && { compressed }),
    ...(counted !== undefined && { unpacked: counted }),
  };
}

/** @returns undefined if one of them is unknown. */
export function sumOf(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
}

/** `redis:7`. The digest is shown elsewhere. */
function nameOf({ digest, ...reference }: Reference): string {
  return familiarReference(
    reference.tag === undefined && digest !== undefined ? { ...reference, digest } : reference,
  );
}

function innerFromShelf({ images }: ShelfFacts, held: ReadonlyMap<number, ShelfLayer>): InnerImageReport[] {
  const places = placesOf(held);
  const byName = new Map<string, InnerImageReport>();
  for (const { reference, imageId, platform, store, namespace, diffIds } of images) {
    // A later PRELOAD of a tag for one store only leaves an earlier image in the other store.
    const key = `${nameOf(reference)} ${imageId}`;
    const stores = [
      ...(byName.get(key)?.details?.stores ?? []),
      { store, ...(namespace !== undefined && { namespace }) },
    ];
    byName.set(key, {
      name: nameOf(reference),
      details: { digest: reference.digest, imageId, platform, stores },
      layers: diffIds.map((diffId) => ({ diffId, ...outerOf(places.get(diffId)) })),
    });
  }
  return [...byName.values()];
}

/** Outer layers by the diffIDs of inner layers in them. */
function placesOf(held: ReadonlyMap<number, ShelfLayer>): Map<DiffId, number> {
  return new Map(
    [...held].flatMap(([index, layer]) =>
      layer.kind === "files" ? layer.diffIds.map((diffId) => [diffId, index] as const) : [],
    ),
  );
}

function outerOf(outer: number | undefined) {
  return outer === undefined ? {} : { outer };
}

/** The history names an inner layer once, with the first image that has it. */
function innerFromHistory(held: ReadonlyMap<number, ShelfLayer>): InnerImageReport[] {
  const names = [...held.values()].flatMap((layer) => (layer.kind === "catalog" ? layer.images : []));
  return [...new Set(names)].sort().map((name) => {
    const layers: InnerLayerReport[] = [];
    for (const [outer, layer] of held) {
      if (layer.kind !== "files" || layer.origin?.image !== name) continue;
      const { position, of } = layer.origin;
      while (layers.length < of) layers.push({});
      layers[position - 1] = { ...(layer.diffIds[0] !== undefined && { diffId: layer.diffIds[0] }), outer };
    }
    return { name, layers };
  });
}
