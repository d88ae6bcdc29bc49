/** Takes the archive of `docker save` apart while it comes: no copy of it is kept. */
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { extract } from "tar-stream";
import { type Digest, isDigest } from "../../../image/digest.js";
import type { LayoutFolder } from "../files/layout-folder.js";

export interface SavedImage {
  /** Digest of its config. */
  readonly imageId: Digest;
  readonly layers: readonly { readonly digest: Digest; readonly size: number }[];
}

/**
 * @param isShelved Blobs that are not kept.
 * @returns the images, as `manifest.json` lists them.
 */
export async function readSaved(
  archive: Readable,
  layout: LayoutFolder,
  isShelved: (digest: Digest) => boolean,
): Promise<SavedImage[]> {
  const tar = extract();
  const failed = finished(archive).catch((error: Error) => tar.destroy(error));
  archive.pipe(tar);
  const blobs = new Map<string, { digest: Digest; size: number }>();
  const links = new Map<string, string>();
  let manifest: Buffer | undefined;
  for await (const entry of tar) {
    const { name, type, size = 0, linkname } = entry.header;
    const named = blobOf(name);
    if (type === "symlink") links.set(name, posix.join(posix.dirname(name), linkname ?? ""));
    if (name === "manifest.json") manifest = await buffer(entry);
    else if (named !== undefined && isShelved(named)) blobs.set(name, { digest: named, size });
    else if (isBlob(name) && type === "file") blobs.set(name, await layout.add(entry, named));
    entry.resume();
  }
  await failed;
  const at = (path: string) => blobs.get(path) ?? blobs.get(links.get(path) ?? "");
  return parseManifests(manifest).map(({ Config, Layers }) => ({
    imageId: at(Config)?.digest ?? "",
    layers: (Layers ?? []).map((path) => at(path) ?? { digest: "", size: 0 }),
  }));
}

function parseManifests(bytes: Buffer | undefined): { Config: string; Layers: string[] | null }[] {
  return bytes ? (JSON.parse(bytes.toString("utf8")) as { Config: string; Layers: string[] | null }[]) : [];
}

function blobOf(name: string): Digest | undefined {
  const digest = name.replace(/^blobs\/sha256\//, "sha256:");
  return isDigest(digest) ? digest : undefined;
}

/** Docker before 25 has `<image ID>.json` and `<folder>/layer.tar`. */
function isBlob(name: string): boolean {
  return blobOf(name) !== undefined || /^[0-9a-f]{64}(\.json|\/layer\.tar)$/.test(name);
}
