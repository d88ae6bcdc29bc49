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
  /** Whether the content store keeps the layers' blobs, or only their unpacked files. */
  readonly keepsBlobs: boolean;
}

/** The only snapshotter whose directories attach can make. */
export const snapshotter = "overlayfs";

/** The namespace of the kubelet's images, of which CRI wants to know more. */
const kubernetes = "k8s.io";

/** The catalog of these images and of all that `earlier` describes, with snapshots numbered as a daemon would. */
export function describe(
  images: readonly DescribedImage[],
  earlier: ContainerdModel,
  options: ContainerdOptions,
): ContainerdModel {
  return images.reduce((model, image) => mergeModels(model, describeImage(image, model, options)), earlier);
}

/** An image alone, without the snapshots that `known` has. */
export function describeImage(
  image: DescribedImage,
  known: ContainerdModel,
  options: ContainerdOptions,
): ContainerdModel {
  const { namespace, keepsBlobs } = options;
  const layers = keepsBlobs ? image.diffIds.map((_, index) => layerBlob(image, index)) : [];
  const metadata = metadataBlobs(image, keepsBlobs).map(
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

/** The name of the snapshot below a layer that hides something, for its whiteouts. */
function whiteoutsName(chainId: string): string {
  return `larder-whiteouts-${chainId}`;
}

/** A layer that hides something stands on a snapshot of its own for its whiteouts, see docs/shelf.md. */
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

/** A layer's blob. @param index of the layer in the image. */
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

/** A blob as `write` of the content store takes it. */
interface MetadataBlob {
  readonly digest: Digest;
  readonly content: Buffer;
  readonly labels: Labels;
}

/**
 * Config, manifest and, where the image has one, index, with the labels that a pull gives them: they say what the
 * garbage collection must keep (containerd's docs/garbage-collection.md), and where the blobs came from.
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

/** Where a blob came from, for pushes and pulls to find it again: the host without its port. */
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
 * The names that an image gets. CRI looks images up by tag, by digest and by ID, and lists those that it manages;
 * the kubelet's garbage collection leaves pinned ones alone.
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
