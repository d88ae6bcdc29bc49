/** OCI image layouts: a layout is a folder that holds blobs by their digests. */
import { readdir, utimes, writeFile } from "node:fs/promises";
import { type Digest, digestOf, hexOf } from "./digest.js";
import { mediaTypeOf } from "./manifest.js";

/** Path of a blob, relative to the layout. */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Path of a blob in a layout on this machine. */
export function blobFile(layout: string, digest: Digest): string {
  return `${layout}/${blobPath(digest)}`;
}

/**
 * Writes the files that a layout has beside its blobs, and fixes all times: the layout is an output, so it must not
 * depend on the time of the build.
 * @param top The manifest or index of the layout.
 */
export async function finishLayout(layout: string, top: Buffer): Promise<void> {
  await writeFile(blobFile(layout, digestOf(top)), top);
  await writeFile(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(`${layout}/index.json`, formatIndex(top));
  const names = await readdir(layout, { recursive: true });
  for (const name of ["", ...names]) await utimes(`${layout}/${name}`, 0, 0);
}

function formatIndex(top: Buffer): string {
  const descriptor = { mediaType: mediaTypeOf(top), digest: digestOf(top), size: top.length };
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [descriptor],
  });
}
