import { readdir, utimes, writeFile } from "node:fs/promises";
import { sha256 } from "./chain.js";
import { blobPath, parseManifestOrIndex } from "../agent/layout-image.js";

/**
 * Writes what an OCI layout has beside the other blobs, and fixes all times: the layout is an output, so nothing in
 * it may tell when it was made.
 * @param top The manifest or index that the layout is about.
 */
export async function finishLayout(layout: string, top: Buffer): Promise<void> {
  await writeFile(blobPath(layout, `sha256:${sha256(top)}`), top);
  await writeFile(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(`${layout}/index.json`, formatIndex(top));
  const names = await readdir(layout, { recursive: true });
  for (const name of ["", ...names]) await utimes(`${layout}/${name}`, 0, 0);
}

function formatIndex(top: Buffer): string {
  const { mediaType } = JSON.parse(top.toString("utf8")) as { mediaType?: string };
  const isIndex = "index" in parseManifestOrIndex(top);
  const descriptor = {
    // Only OCI manifests may leave it out.
    mediaType: mediaType ?? `application/vnd.oci.image.${isIndex ? "index" : "manifest"}.v1+json`,
    digest: `sha256:${sha256(top)}`,
    size: top.length,
  };
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [descriptor],
  });
}
