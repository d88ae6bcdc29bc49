import { chainOf } from "../../image/chain.js";
import type { ChainId, DiffId } from "../../image/digest.js";
import type { Descriptor } from "../../image/manifest.js";
import { repositoryName } from "../../image/reference.js";
import { isObject } from "../../is-object.js";
import { lowersOf, maxLowers } from "../overlay2/lowers.js";
import type { DescribedImage } from "../store.js";
import { layerIdOf } from "./ids.js";
import {
  emptyModel,
  mergeModels,
  noTime,
  type PodmanImage,
  type PodmanLayer,
  type PodmanModel,
} from "./model.js";
import type { TarFacts } from "./tar-facts.js";

/** What containers-storage knows of layers beside the facts that every store needs. */
export type TarsOfLayers = ReadonlyMap<DiffId, TarFacts>;

/**
 * The catalog of these images and of all that `earlier` describes.
 * @throws Error for an image that overlayfs cannot mount.
 */
export function describe(
  images: readonly DescribedImage[],
  earlier: PodmanModel,
  tars: TarsOfLayers,
): PodmanModel {
  const model = images.map((image) => describeImage(image, tars)).reduce(mergeModels, earlier);
  for (const { layer } of Object.values(model.images)) if (layer !== null) checkDepth(model, layer);
  return model;
}

function describeImage(image: DescribedImage, tars: TarsOfLayers): PodmanModel {
  const { reference, imageId, manifest, manifestDigest } = image;
  const name = repositoryName(reference);
  const layers: Record<ChainId, PodmanLayer> = {};
  for (const [index, { chainId, diffId, parent }] of chainOf(image.diffIds).entries()) {
    const [blob, facts, tar] = [manifest.layers[index], image.layers[index], tars.get(diffId)];
    if (!blob || !facts) throw new Error(`the manifest of ${name} has fewer layers than its config`);
    if (!tar || facts.size === undefined) throw new Error(`the size of the layer ${diffId} is not known`);
    layers[chainId] = {
      id: layerIdOf(diffId, parent === undefined ? undefined : layers[parent]?.id),
      diffId,
      parent: parent ?? null,
      size: facts.size,
      whiteouts: facts.hides,
      xattrs: facts.hasXattrs,
      blob: { digest: blob.digest, size: blob.size, compression: compressionOf(blob) },
      tar,
    };
  }
  const described: PodmanImage = {
    names: [reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}`],
    layer: Object.keys(layers).at(-1) ?? null,
    digest: reference.digest,
    manifest: manifestDigest,
    documents: {
      [imageId]: image.config.length,
      [reference.digest]: image.target.length,
      [manifestDigest]: image.manifestBytes.length,
    },
    created: createdOf(image.config),
  };
  return { ...emptyModel, layers, images: { [imageId]: described } };
}

/** By the media type. Only what a pull guesses from the bytes would be surer. */
function compressionOf({ mediaType }: Descriptor): number {
  if (/zstd/.test(mediaType)) return 4;
  return /gzip/.test(mediaType) ? 2 : 0;
}

/** Podman takes the time of the pull for an image without one, which would be another on each day. */
function createdOf(config: Buffer): string {
  const value: unknown = JSON.parse(config.toString("utf8"));
  const created = isObject(value) ? value.created : undefined;
  return typeof created === "string" ? created : noTime;
}

/** Podman 4 gives the kernel all directories in one page, in which some 140 names have room. */
function checkDepth(model: PodmanModel, top: ChainId): void {
  const directories = lowersOf(model, top).length + 2;
  if (directories <= maxLowers) return;
  throw new Error(
    `the image needs ${directories} directories in an overlay mount, and PRELOAD puts at most ${maxLowers} into ` +
      "Podman's store: build it with fewer layers",
  );
}
