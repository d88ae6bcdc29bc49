/** What containerd keeps of an image beside its layers: blobs of metadata with labels, and names. */
import { readFile } from "node:fs/promises";
import type { Reference } from "../../image/reference.js";
import { repositoryName } from "../../image/reference.js";
import { chainOf, type Digest } from "../../image/chain.js";
import type { CatalogImage } from "../../stores/containerd/model.js";
import type { LayoutImage } from "../layout-image.js";
import { blobPath, type Descriptor, parseManifestOrIndex } from "../layout-image.js";
import { snapshotter } from "./client.js";
import { type Labels, sourceLabelPrefix } from "./labels.js";

/** The namespace of the kubelet's images, of which CRI wants to know more. */
const kubernetes = "k8s.io";

/** A blob as `write` of the content store takes it. */
export interface MetadataBlob {
  readonly digest: Digest;
  readonly content: Buffer;
  readonly labels: Labels;
}

/**
 * Config, manifest and, where the image has one, index, with the labels that a pull gives them: they say what the
 * garbage collection must keep (containerd's docs/garbage-collection.md), and where the blobs came from.
 */
export async function metadataBlobs(image: LayoutImage, keepsLayers: boolean): Promise<MetadataBlob[]> {
  const { layout, manifest, reference, config, imageId } = image;
  const source = sourceLabel(reference);
  const top = chainOf(image.diffIds).at(-1)?.chainId;
  const snapshot: Labels = top === undefined ? {} : { [`containerd.io/gc.ref.snapshot.${snapshotter}`]: top };
  const blobs: MetadataBlob[] = [{ digest: imageId, content: config, labels: { ...source, ...snapshot } }];
  const target = await readFile(blobPath(layout, reference.digest));
  const parsed = parseManifestOrIndex(target);
  if ("index" in parsed) {
    const own = await readFile(blobPath(layout, image.manifestDigest));
    blobs.push({ digest: image.manifestDigest, content: own, labels: { ...source, ...manifestRefs() } });
    blobs.push({
      digest: reference.digest,
      content: target,
      labels: { ...source, ...indexRefs(parsed.index) },
    });
  } else {
    blobs.push({ digest: reference.digest, content: target, labels: { ...source, ...manifestRefs() } });
  }
  return blobs;

  function manifestRefs(): Labels {
    const layers = keepsLayers
      ? manifest.layers.map(({ digest }, index) => [`l.${index}`, digest] as const)
      : [];
    return references([["config", imageId], ...layers]);
  }
}

/** Where a blob came from, for pushes and pulls to find it again: the host without its port. */
export function sourceLabel({ domain, path }: Reference): Labels {
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
export async function namesOf(image: LayoutImage, namespace: string): Promise<CatalogImage[]> {
  const { reference, imageId, layout } = image;
  const content = await readFile(blobPath(layout, reference.digest));
  const target = { mediaType: mediaTypeOf(content), digest: reference.digest, size: content.length };
  const repository = repositoryName(reference);
  const byDigest = `${repository}@${reference.digest}`;
  const chainId = chainOf(image.diffIds).at(-1)?.chainId ?? null;
  const metadata = [...new Set([imageId, image.manifestDigest, reference.digest])];
  const same = { namespace, target, chainId, metadata };
  const byTag = reference.tag === undefined ? undefined : `${repository}:${reference.tag}`;
  if (namespace !== kubernetes) return [{ ...same, name: byTag ?? byDigest, labels: {} }];
  const labels = { "io.cri-containerd.image": "managed", "io.cri-containerd.pinned": "pinned" };
  const names = [...(byTag === undefined ? [] : [byTag]), byDigest, imageId];
  return names.map((name) => ({ ...same, name, labels }));
}

/** Only OCI's manifests and indexes may leave it out. */
function mediaTypeOf(content: Buffer): string {
  const { mediaType } = JSON.parse(content.toString("utf8")) as { mediaType?: string };
  const isIndex = "index" in parseManifestOrIndex(content);
  return mediaType ?? `application/vnd.oci.image.${isIndex ? "index" : "manifest"}.v1+json`;
}
