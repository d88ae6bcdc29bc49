/** Manifests and indexes, of OCI and of Docker's schema 2. */
import type { Digest } from "./digest.js";

/** An OCI content descriptor, as far as it is read. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The manifest of one platform. */
export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A manifest as it was read. */
export interface FoundManifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/**
 * An index or manifest list, by its members: old registries give neither a media type.
 * @throws Error for another document.
 */
export function parseManifestOrIndex(
  bytes: Buffer,
): { manifest: Manifest } | { index: readonly Descriptor[] } {
  const value = JSON.parse(bytes.toString("utf8")) as Partial<Manifest> & { manifests?: Descriptor[] };
  if (Array.isArray(value.manifests)) return { index: value.manifests };
  if (!value.config || !Array.isArray(value.layers)) {
    throw new Error("its manifest has a format of before 2017: push the image again with a current Docker");
  }
  return { manifest: { config: value.config, layers: value.layers } };
}

/** Only OCI's manifests and indexes may leave it out. */
export function mediaTypeOf(bytes: Buffer): string {
  const { mediaType } = JSON.parse(bytes.toString("utf8")) as { mediaType?: string };
  const isIndex = "index" in parseManifestOrIndex(bytes);
  return mediaType ?? `application/vnd.oci.image.${isIndex ? "index" : "manifest"}.v1+json`;
}

/**
 * @param top Digest of the document to begin at.
 * @param read The bytes of a document; a layout may lack those of other platforms.
 * @returns the manifest at or below it whose config is the image's.
 * @throws Error if the first document cannot be read, or is none.
 */
export async function findManifest(
  top: Digest,
  imageId: Digest,
  read: (digest: Digest) => Promise<Buffer>,
): Promise<FoundManifest | undefined> {
  const pending = [top];
  for (let digest = pending.shift(); digest !== undefined; digest = pending.shift()) {
    try {
      const bytes = await read(digest);
      const parsed = parseManifestOrIndex(bytes);
      if ("index" in parsed) pending.push(...parsed.index.map((descriptor) => descriptor.digest));
      else if (parsed.manifest.config.digest === imageId) return { digest, bytes, manifest: parsed.manifest };
    } catch (error) {
      if (digest === top) throw error;
    }
  }
  return undefined;
}
