/** The `index.json` of an OCI layout that holds several images, each under a name. */
import type { Digest } from "./digest.js";
import type { Descriptor } from "./manifest.js";

export interface LayoutEntry extends Descriptor {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** containerd, Docker and BuildKit write the whole name here: `docker.io/library/redis:7`. */
export const nameAnnotation = "io.containerd.image.name";

/**
 * The digest by which Docker's graph driver lists the image, where that is not the digest of the entry; {@link
 * noRepoDigest}: it lists none. `docker save` of that store writes manifests of its own, so the registry's digest is
 * known and its manifest is not.
 */
export const repoDigestAnnotation = "io.larder.repo-digest";
export const noRepoDigest = "none";

/** Digests of layers that the layout lacks, with spaces between them: the stage's shelf has them. */
export const shelvedAnnotation = "io.larder.shelved-layers";

/** @throws Error for another document. */
export function parseLayoutIndex(bytes: Uint8Array): readonly LayoutEntry[] {
  const { manifests } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { manifests?: LayoutEntry[] };
  if (!Array.isArray(manifests)) throw new Error("its index.json lists no images");
  return manifests;
}

export function formatLayoutIndex(manifests: readonly LayoutEntry[]): string {
  const mediaType = "application/vnd.oci.image.index.v1+json";
  return `${JSON.stringify({ schemaVersion: 2, mediaType, manifests }, undefined, 1)}\n`;
}

/** Layers that the layout lacks. */
export function shelvedLayersOf({ annotations }: LayoutEntry): readonly Digest[] {
  return annotations?.[shelvedAnnotation]?.split(" ").filter(Boolean) ?? [];
}
