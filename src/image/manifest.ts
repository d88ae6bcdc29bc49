/** Manifests and indexes, in OCI's form and in that of Docker's schema 2. */
import type { Digest } from "./digest.js";
import type { Platform } from "./platform.js";

/** The fields of an OCI content descriptor that Larder reads. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** Of a manifest in an index. */
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
}

/** The manifest of one platform. */
export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A manifest and its bytes. */
export interface FoundManifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/**
 * Tells an index (or manifest list) from a manifest by its members, since old registries give neither a media type.
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

/** BuildKit's attestations are in an index beside the images: their platform is one that no machine has. */
export function isAttestation({ platform }: Descriptor): boolean {
  return platform?.os === "unknown";
}

/** The media type of a manifest or index. Only OCI's documents may leave it out. */
export function mediaTypeOf(bytes: Buffer): string {
  const { mediaType } = JSON.parse(bytes.toString("utf8")) as { mediaType?: string };
  const isIndex = "index" in parseManifestOrIndex(bytes);
  return mediaType ?? `application/vnd.oci.image.${isIndex ? "index" : "manifest"}.v1+json`;
}

/**
 * Finds the manifest whose config is the image's.
 * @param top Digest of the document at which the search begins.
 * @param read Reads the bytes of a document. A layout may lack the documents of other platforms.
 * @param platform Manifests that an index has for this platform are read first.
 * @throws Error if the first document cannot be read, or is neither an index nor a manifest.
 */
export async function findManifest(
  top: Digest,
  imageId: Digest,
  read: (digest: Digest) => Promise<Buffer>,
  platform?: Platform,
): Promise<FoundManifest | undefined> {
  const pending = [top];
  for (let digest = pending.shift(); digest !== undefined; digest = pending.shift()) {
    try {
      const bytes = await read(digest);
      const parsed = parseManifestOrIndex(bytes);
      if ("index" in parsed) pending.push(...byPlatform(parsed.index, platform));
      else if (parsed.manifest.config.digest === imageId) return { digest, bytes, manifest: parsed.manifest };
    } catch (error) {
      if (digest === top) throw error;
    }
  }
  return undefined;
}

/** Digests of an index's manifests, those for the platform first, the best match at their head. */
function byPlatform(index: readonly Descriptor[], wanted: Platform | undefined): Digest[] {
  return [...index].sort((a, b) => rank(a, wanted) - rank(b, wanted)).map(({ digest }) => digest);
}

/** Digests of an index's manifests for the platform, the best match first. */
export function manifestsByPlatform(index: readonly Descriptor[], wanted: Platform): Digest[] {
  return byPlatform(
    index.filter((descriptor) => rank(descriptor, wanted) < otherPlatform),
    wanted,
  );
}

const otherPlatform = 2;

function rank({ platform }: Descriptor, wanted: Platform | undefined): number {
  if (!wanted || platform?.os !== wanted.os || platform.architecture !== wanted.architecture) {
    return otherPlatform;
  }
  return platform.variant === wanted.variant ? 0 : 1;
}
