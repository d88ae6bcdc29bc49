/** The records of layers and images in containers-storage: objects of layers.json and images.json, without spaces. */
import { type Digest, hexOf } from "../../image/digest.js";
import { ancestry, sorted } from "../overlay2/model.js";
import { noTime, type PodmanImage, type PodmanModel } from "./model.js";

/** The records of all layers, each below those that stand on it. */
export function layerRecords(model: PodmanModel): string[] {
  const tops = Object.values(sorted(model.images)).flatMap(({ layer }) => (layer === null ? [] : [layer]));
  const ordered = tops.flatMap((top) => ancestry(model, top).reverse());
  const byChain = new Map(ordered.map(({ chainId, layer }) => [chainId, layer]));
  return [...byChain.values()].map(({ id, parent, diffId, blob, tar }) =>
    JSON.stringify({
      id,
      ...(parent !== null && { parent: model.layers[parent]?.id }),
      // It would say when the layer came into the store.
      created: noTime,
      "compressed-diff-digest": blob.digest,
      "compressed-size": blob.size,
      "diff-digest": diffId,
      "diff-size": tar.size,
      ...(blob.compression !== 0 && { compression: blob.compression }),
      ...(tar.uids.length > 0 && { uidset: tar.uids }),
      ...(tar.gids.length > 0 && { gidset: tar.gids }),
    }),
  );
}

export function imageRecords(model: PodmanModel): string[] {
  return Object.entries(sorted(model.images)).map(([imageId, image]) => {
    const documents = documentsOf(imageId, image);
    const sizes = [...documents].sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify({
      id: hexOf(imageId),
      digest: image.digest,
      ...(image.names.length > 0 && { names: image.names, "names-history": image.names }),
      ...(image.layer !== null && { layer: model.layers[image.layer]?.id }),
      metadata: "{}",
      "big-data-names": [...documents.keys()],
      "big-data-sizes": Object.fromEntries(sizes.map(([key, digest]) => [key, image.documents[digest]])),
      "big-data-digests": Object.fromEntries(sizes),
      created: image.created,
    });
  });
}

/** An image's documents, by the keys that a pull gives them. */
export function documentsOf(imageId: Digest, image: PodmanImage): ReadonlyMap<string, Digest> {
  const manifests = Object.keys(image.documents).filter(
    (digest) => digest !== imageId && digest !== image.manifest,
  );
  return new Map([
    [imageId, imageId],
    ...[...manifests, image.manifest].map((digest): [string, Digest] => [`manifest-${digest}`, digest]),
    ["manifest", image.manifest],
  ]);
}
