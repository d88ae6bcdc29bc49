import { chainOf } from "../../image/chain.js";
import type { ChainId, Digest } from "../../image/digest.js";
import { familiarName, repositoryName } from "../../image/reference.js";
import type { DescribedImage } from "../store.js";
import { withRealLayers } from "./lowers.js";
import { type CatalogBlob, type CatalogLayer, type CatalogModel, emptyModel, mergeModels } from "./model.js";

/**
 * The catalog of these images and of all that `earlier` describes.
 * @throws Error for an image that overlayfs cannot mount.
 */
export function describe(images: readonly DescribedImage[], earlier: CatalogModel): CatalogModel {
  const model = images.map(describeImage).reduce(mergeModels, earlier);
  return withRealLayers(model, earlier);
}

function describeImage(image: DescribedImage): CatalogModel {
  const { reference, imageId, manifest, repoDigest = reference.digest } = image;
  const name = familiarName(reference);
  const chain = chainOf(image.diffIds);
  const layers: Record<ChainId, CatalogLayer> = {};
  const blobs: Record<Digest, CatalogBlob> = {};
  for (const [index, { chainId, diffId, parent }] of chain.entries()) {
    const [blob, facts] = [manifest.layers[index], image.layers[index]];
    if (!blob || !facts) throw new Error(`the manifest of ${name} has fewer layers than its config`);
    const { size, hides, hasXattrs } = facts;
    if (size === undefined) throw new Error(`the size of the layer ${diffId} is not known`);
    layers[chainId] = { diffId, parent: parent ?? null, size, whiteouts: hides, xattrs: hasXattrs };
    blobs[blob.digest] = { diffId, repositories: [repositoryName(reference)] };
  }
  return {
    ...emptyModel,
    layers,
    images: { [imageId]: chain.at(-1)?.chainId ?? null },
    references: {
      ...(reference.tag !== undefined && { [`${name}:${reference.tag}`]: imageId }),
      ...(repoDigest !== null && { [`${name}@${repoDigest}`]: imageId }),
    },
    blobs,
  };
}
