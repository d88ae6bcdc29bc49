import { readFile } from "node:fs/promises";
import type { Digest } from "../image/digest.js";
import type { InnerImage } from "../image/inner-image.js";
import { type FoundManifest, findManifest } from "../image/manifest.js";
import { blobFile } from "../image/oci-layout.js";
import type { LoadedImage } from "../stores/store.js";

/** An inner image and the layout with its blobs. */
export interface LayoutImage extends LoadedImage {
  readonly layout: string;
}

/** @param layout It has the blobs of one platform. */
export async function readLayoutImage(image: InnerImage, layout: string): Promise<LayoutImage> {
  const { digest: manifestDigest, bytes, manifest } = await readManifest(layout, image);
  const read = (digest: Digest): Promise<Buffer> => readFile(blobFile(layout, digest));
  const [config, target] = await Promise.all([read(image.imageId), read(image.reference.digest)]);
  return { ...image, layout, config, target, manifest, manifestDigest, manifestBytes: bytes };
}

/** The manifest in a layout whose config is the image's. */
export async function readManifest(layout: string, image: InnerImage): Promise<FoundManifest> {
  const read = (digest: Digest): Promise<Buffer> => readFile(blobFile(layout, digest));
  const found = await findManifest(image.reference.digest, image.imageId, read);
  if (!found) throw new Error(`the layout in ${layout} lacks the manifest of the image ${image.imageId}`);
  return found;
}
