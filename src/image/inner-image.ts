import type { DiffId } from "./digest.js";
import type { Platform } from "./platform.js";
import type { Reference } from "./reference.js";

/** An image as its registry describes it; `reference.digest` is the digest that the tag stood for. */
export interface InnerImage {
  readonly reference: Reference & { readonly digest: string };
  readonly platform: Platform;
  /** Digest of the image's config: Docker's image ID. */
  readonly imageId: string;
  /** Uncompressed digests of its layers, bottom layer first. */
  readonly diffIds: readonly DiffId[];
}

/** These members and no others: more of them would be in the cache key of a step that gets the image. */
export function plainInnerImage({ reference, platform, imageId, diffIds }: InnerImage): InnerImage {
  return { reference, platform, imageId, diffIds };
}
