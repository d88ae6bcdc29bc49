/** Where the blobs of an inner image come from, and the documents that describe it. */
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { type Digest, hexOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { type FoundManifest, findManifest } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import { repositoryName } from "../../image/reference.js";
import { type CopiedFile, files } from "../../llb/file.js";
import { imageBlob } from "../../llb/source.js";
import type { Output } from "../../llb/state.js";
import { openOutput, readOutput } from "../result.js";
import type { BlobFile } from "../steps/agent-step.js";

export type ImageSource =
  /** An OCI layout that a step wrote, or a folder of the client. The stage's shelf has the layers `shelved`. */
  { readonly kind: "layout"; readonly layout: Output; readonly shelved?: ReadonlySet<Digest> } | BlobSource;

/** The builder gives each blob by itself, as a file named by the hex of its digest. */
export interface BlobSource {
  readonly kind: "blobs";
  /** A layout with the image's manifest and its index, if the builder does not give those. */
  readonly manifests?: Output;
  blob(digest: Digest, what: string): Output;
}

/** An image's documents from its registry, byte for byte. */
export interface ImageDocuments extends FoundManifest {
  readonly config: Buffer;
  /** The document with the reference's digest: an index, or the manifest. */
  readonly target: Buffer;
}

/** The builder's own source of blobs: its login, mirrors, certificates and proxies apply, and its cache of blobs. */
export function registrySource(name: string, { reference }: InnerImage): BlobSource {
  const repository = repositoryName(reference);
  return {
    kind: "blobs",
    blob: (digest, what) => imageBlob(`[larder] fetch ${name} ${what}`, repository, digest),
  };
}

/** @param what of the image it is, for the output of the build: `layer 2/6`. */
export function blobFile(source: ImageSource, digest: Digest, what: string): BlobFile {
  return source.kind === "layout"
    ? { from: source.layout, path: `/${blobPath(digest)}`, isAlone: false }
    : { from: source.blob(digest, what), path: `/${hexOf(digest)}`, isAlone: true };
}

/**
 * Runs the step that writes a layout, or else fetches the documents alone.
 * @param name of the image, for errors.
 */
export async function readDocuments(
  bridge: Bridge,
  name: string,
  { reference, imageId, platform }: InnerImage,
  source: ImageSource,
): Promise<ImageDocuments> {
  const read = once(await reader(bridge, name, imageId, source));
  const found = await findManifest(reference.digest, imageId, read, platform);
  if (!found) throw new LarderError(`image "${name}" lacks the manifest of ${imageId}`);
  const [config, target] = await Promise.all([read(imageId), read(reference.digest)]);
  return { ...found, config, target };
}

/** Reads each blob one time. */
function once(read: (digest: Digest) => Promise<Buffer>): (digest: Digest) => Promise<Buffer> {
  const blobs = new Map<Digest, Promise<Buffer>>();
  return (digest) => {
    const found = blobs.get(digest) ?? read(digest);
    blobs.set(digest, found);
    return found;
  };
}

/** The same image in a layout, which some steps need. */
export function asLayout(
  name: string,
  image: InnerImage,
  source: ImageSource,
  documents: ImageDocuments,
): Output {
  if (source.kind === "layout") return source.layout;
  const { digest, manifest } = documents;
  const manifests = new Set([image.reference.digest, digest]);
  const blobs = new Set([image.imageId, ...manifest.layers.map((layer) => layer.digest)]);
  const layout: ImageSource = source.manifests ? { kind: "layout", layout: source.manifests } : source;
  const copy =
    (from: ImageSource) =>
    (blob: Digest): CopiedFile => {
      const file = blobFile(from, blob, "blob");
      return { from: file.from, source: file.path, path: `/${blobPath(blob)}` };
    };
  const copied = [...[...manifests].map(copy(layout)), ...[...blobs].map(copy(source))];
  return files(`[larder] take ${name}`, [], copied);
}

async function reader(
  bridge: Bridge,
  name: string,
  imageId: Digest,
  source: ImageSource,
): Promise<(digest: Digest) => Promise<Buffer>> {
  const open = (layout: Output) => openOutput(bridge, layout, `the step for "${name}" left no layout`);
  if (source.kind === "layout") {
    const read = await open(source.layout);
    return (digest) => read(blobPath(digest));
  }
  const readManifest = source.manifests && (await open(source.manifests));
  return (digest) => {
    if (readManifest && digest !== imageId) return readManifest(blobPath(digest));
    const missing = `"${name}" lacks the blob ${digest}`;
    return readOutput(bridge, source.blob(digest, "manifest"), hexOf(digest), missing);
  };
}
