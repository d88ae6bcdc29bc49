import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { LarderError } from "../error.js";
import type { InnerImage } from "../image/inner-image.js";
import type { Digest } from "../image/chain.js";
import { hexOf } from "../image/chain.js";
import type { LoadedImage } from "../stores/store.js";

/** An OCI content descriptor, as far as Larder reads it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

/** The manifest of one platform, OCI or Docker schema 2. */
export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An inner image, with the layout that has its blobs. */
export interface LayoutImage extends LoadedImage {
  readonly layout: string;
  readonly manifest: Manifest;
  /** Of the manifest; the reference's digest may be an index's. */
  readonly manifestDigest: Digest;
}

/** Path of a blob in an OCI layout. */
export function blobPath(layout: string, digest: Digest): string {
  return `${layout}/blobs/sha256/${hexOf(digest)}`;
}

/** An index or manifest list, by what it has: old registries give neither a media type. */
export function parseManifestOrIndex(
  bytes: Buffer,
): { manifest: Manifest } | { index: readonly Descriptor[] } {
  const value = JSON.parse(bytes.toString("utf8")) as Partial<Manifest> & { manifests?: Descriptor[] };
  if (Array.isArray(value.manifests)) return { index: value.manifests };
  if (!value.config || !Array.isArray(value.layers)) {
    throw new LarderError(
      "its manifest has a format of before 2017: push the image again with a current Docker",
    );
  }
  return { manifest: { config: value.config, layers: value.layers } };
}

/** The manifest in a layout whose config is the image's; the layout has the blobs of one platform only. */
export async function readManifest(
  layout: string,
  image: InnerImage,
): Promise<{ manifest: Manifest; digest: Digest }> {
  const { digest } = image.reference;
  const top = parseManifestOrIndex(await readFile(blobPath(layout, digest)));
  if ("manifest" in top) return { manifest: top.manifest, digest };
  for (const descriptor of top.index) {
    const bytes = await readFile(blobPath(layout, descriptor.digest)).catch(() => undefined);
    if (!bytes) continue;
    const inner = parseManifestOrIndex(bytes);
    if ("manifest" in inner && inner.manifest.config.digest === image.imageId)
      return { manifest: inner.manifest, digest: descriptor.digest };
  }
  throw new Error(`the layout in ${layout} lacks the manifest of the image ${image.imageId}`);
}

/** @throws LarderError that names the blob, if the file is not what its digest says. */
export async function verifyBlob(
  path: string,
  expected: { digest: Digest; size?: number },
  what: string,
): Promise<void> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== expected.digest || (expected.size !== undefined && size !== expected.size)) {
    throw new LarderError(
      `${what} ${expected.digest} is corrupt: the registry sent ${size} bytes with the digest ${actual}; push the image again`,
    );
  }
}
