import { chainOf } from "../../image/chain.js";
import type { Digest } from "../../image/digest.js";
import { type Descriptor, mediaTypeOf, parseManifestOrIndex } from "../../image/manifest.js";
import { type Reference, repositoryName } from "../../image/reference.js";
import type { DescribedImage, LoadedImage } from "../store.js";
import { type Labels, sourceLabelPrefix } from "./labels.js";
import {
  type CatalogBlob,
  type CatalogImage,
  type CatalogSnapshot,
  type ContainerdModel,
  mergeModels,
  snapshotsByName,
} from "./model.js";

export interface ContainerdOptions {
  /** The images' namespace. */
  readonly namespace: string;
  /**
   * `kept`: the content store has the layers' blobs. `known`: only the database knows them, by which Docker lists and runs
   * the images, but can neither save nor push them. `none`: containerd has only the unpacked files.
   */
  readonly layerBlobs: "kept" | "known" | "none";
}

/** attach can make the directories of this snapshotter alone. */
export const snapshotter = "overlayfs";

/** The namespace of the kubelet's images, for which CRI needs further names and labels. */
const kubernetes = "k8s.io";

/**
 * The catalog of these images and of all that `earlier` describes. Snapshots have the numbers that a daemon would give.
 */
export function describe(
  images: readonly DescribedImage[],
  earlier: ContainerdModel,
  options: ContainerdOptions,
): ContainerdModel {
  return images.reduce((model, image) => mergeModels(model, describeImage(image, model, options)), earlier);
}

/** One image, without the snapshots that `known` has. */
export function describeImage(
  image: DescribedImage,
  known: ContainerdModel,
  options: ContainerdOptions,
): ContainerdModel {
  const { namespace, layerBlobs } = options;
  const holds = layerBlobs === "kept" ? "layer" : "absent";
  const knowsBlobs = layerBlobs !== "none";
  const layers = knowsBlobs
    ? image.diffIds.map((_, index) => ({ ...layerBlob(image, index), holds }) as const)
    : [];
  const metadata = metadataBlobs(image, knowsBlobs).map(
    ({ digest, content, labels }): Omit<CatalogBlob, "namespace"> => ({
      digest,
      size: content.length,
      labels,
      holds: "metadata",
    }),
  );
  return {
    version: 1,
    images: namesOf(image, namespace),
    snapshots: describeSnapshots(image, known, namespace),
    blobs: [...layers, ...metadata].map((blob) => ({ namespace, ...blob })),
  };
}

/** The name of the snapshot that holds the whiteouts of a layer, directly below that layer. */
export function whiteoutsName(chainId: string): string {
  return `larder-whiteouts-${chainId}`;
}

/** A layer that hides something stands on a separate snapshot with its whiteouts, see docs/shelf.md. */
function describeSnapshots(
  image: DescribedImage,
  known: ContainerdModel,
  namespace: string,
): CatalogSnapshot[] {
  const present = snapshotsByName(known, namespace);
  const snapshots: CatalogSnapshot[] = [];
  let id = Math.max(0, ...known.snapshots.map((snapshot) => snapshot.id));
  const add = (snapshot: Omit<CatalogSnapshot, "namespace" | "id">): void => {
    id += 1;
    snapshots.push({ ...snapshot, namespace, id });
  };
  for (const [index, { chainId, diffId, parent = null }] of chainOf(image.diffIds).entries()) {
    if (present.has(chainId)) continue;
    const facts = image.layers[index];
    if (!facts) throw new Error(`nothing is known of the layer ${diffId}`);
    const below = facts.hides && parent !== null ? whiteoutsName(chainId) : parent;
    if (below !== parent) add({ name: String(below), parent, holds: "whiteouts", diffId, xattrs: false });
    add({ name: chainId, parent: below, holds: "layer", diffId, xattrs: facts.hasXattrs });
  }
  return snapshots;
}

/** The blob of a layer. @param index of the layer in the image. */
export function layerBlob(
  { manifest, diffIds, imageId, reference }: LoadedImage,
  index: number,
): Omit<CatalogBlob, "namespace"> {
  const [layer, diffId] = [manifest.layers[index], diffIds[index]];
  if (!layer || diffId === undefined)
    throw new Error(`the manifest of ${imageId} has fewer layers than its config`);
  const labels = { ...sourceLabel(reference), "containerd.io/uncompressed": diffId };
  return { digest: layer.digest, size: layer.size, labels, holds: "layer" };
}

/** A blob as the content store's `write` expects it. */
interface MetadataBlob {
  readonly digest: Digest;
  readonly content: Buffer;
  readonly labels: Labels;
}

/**
 * The image's config, manifest and index (if it has one), with the labels that a pull gives them. The labels tell the
 * garbage collection which blobs to keep (containerd's docs/garbage-collection.md), and give the blobs' repositories.
 */
export function metadataBlobs(image: LoadedImage, keepsLayers: boolean): MetadataBlob[] {
  const { manifest, manifestDigest, manifestBytes, reference, config, imageId, target } = image;
  const source = sourceLabel(reference);
  const top = chainOf(image.diffIds).at(-1)?.chainId;
  const snapshot: Labels = top === undefined ? {} : { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: top };
  const layers = keepsLayers
    ? manifest.layers.map(({ digest }, index) => [`l.${index}`, digest] as const)
    : [];
  const blobs: MetadataBlob[] = [
    { digest: imageId, content: config, labels: { ...source, ...snapshot } },
    {
      digest: manifestDigest,
      content: manifestBytes,
      labels: { ...source, ...references([["config", imageId], ...layers]) },
    },
  ];
  const parsed = parseManifestOrIndex(target);
  if (!("index" in parsed)) return blobs;
  const labels = { ...source, ...indexRefs(parsed.index) };
  return [...blobs, { digest: reference.digest, content: target, labels }];
}

/** The label with the origin of a blob, by which pushes and pulls find it again: the host without its port. */
function sourceLabel({ domain, path }: Reference): Labels {
  return { [sourceLabelPrefix + domain.replace(/:\d+$/, "")]: path };
}

function indexRefs(index: readonly Descriptor[]): Labels {
  return references(index.map(({ digest }, position) => [`m.${position}`, digest]));
}

function references(list: readonly (readonly [string, Digest])[]): Labels {
  return Object.fromEntries(list.map(([name, digest]) => [`containerd.io/gc.ref.content.${name}`, digest]));
}

/**
 * The names of an image in containerd. CRI finds images by tag, digest and ID, and lists those with its label. The
 * kubelet's garbage collection spares pinned images.
 */
export function namesOf(image: LoadedImage, namespace: string): CatalogImage[] {
  const { reference, imageId, target: content, manifestDigest, diffIds } = image;
  const target = { mediaType: mediaTypeOf(content), digest: reference.digest, size: content.length };
  const repository = repositoryName(reference);
  const byDigest = `${repository}@${reference.digest}`;
  const chainId = chainOf(diffIds).at(-1)?.chainId ?? null;
  const metadata = [...new Set([imageId, manifestDigest, reference.digest])];
  const same = { namespace, target, chainId, metadata };
  const byTag = reference.tag === undefined ? undefined : `${repository}:${reference.tag}`;
  if (namespace !== kubernetes) return [{ ...same, name: byTag ?? byDigest, labels: {} }];
  const labels = { "io.cri-containerd.image": "managed", "io.cri-containerd.pinned": "pinned" };
  const names = [...(byTag === undefined ? [] : [byTag]), byDigest, imageId];
  return names.map((name) => ({ ...same, name, labels }));
}
