import type { DiffId, Digest } from "./digest.js";
import type { Platform } from "./platform.js";
import type { Reference } from "./reference.js";

/** An image as its registry describes it. `reference.digest` is the digest that the registry gave for the tag. */
export interface InnerImage {
  readonly reference: Reference & { readonly digest: string };
  readonly platform: Platform;
  /** Digest of the image's config: Docker's image ID. */
  readonly imageId: string;
  /** Uncompressed digests of its layers, bottom layer first. */
  readonly diffIds: readonly DiffId[];
  /**
   * The digest by which Docker's graph driver lists the image, where it is another than that of the documents; null: it
   * lists none. Only images that were taken out of a Docker have this.
   */
  readonly repoDigest?: Digest | null;
}

/** The image with these members only: further members would get into the cache key of a step that gets the image. */
export function plainInnerImage({
  reference,
  platform,
  imageId,
  diffIds,
  repoDigest,
}: InnerImage): InnerImage {
  return { reference, platform, imageId, diffIds, ...(repoDigest !== undefined && { repoDigest }) };
}
