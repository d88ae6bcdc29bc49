import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
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

/** @throws Error that names the blob, if the file does not have this digest. */
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
    throw new Error(
      `${what} ${expected.digest} is corrupt: the registry sent ${size} bytes with the digest ${actual}; push the image again`,
    );
  }
}
