/** Reads an image of the outer engine as `docker save` gives it, in two passes: engines send layers before their names. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { LarderError } from "../../../error.js";
import { decompress } from "../../../files/decompress.js";
import { isObject } from "../../../is-object.js";

export interface SavedLayers {
  readonly config: Buffer;
  /** Paths in the archive, lowest first. */
  readonly layers: readonly string[];
  /** In an archive of the containerd store: the manifest with the registries' digests. */
  readonly manifest: Buffer | undefined;
}

type Open = () => Promise<Readable>;

/** @param open begins the archive anew. */
export async function readSavedLayers(open: Open): Promise<SavedLayers> {
  const small = new Map<string, Buffer>();
  await forEach(await open(), async ({ name, type, size = 0 }, entry) => {
    if (type === "file" && size < largestDocument)
      small.set(name, await buffer(entry as AsyncIterable<Buffer>));
  });
  const [image] = JSON.parse(textOf(small, "manifest.json")) as { Config: string; Layers: string[] }[];
  const config = image && small.get(image.Config);
  if (!image || !config) throw new LarderError("the engine gave an archive without the image's config");
  return { config, layers: image.Layers, manifest: manifestIn(small) };
}

/** In bytes. Manifests and configs are smaller, as registries have them. */
const largestDocument = 4 << 20;

function manifestIn(small: ReadonlyMap<string, Buffer>): Buffer | undefined {
  const index = small.get("index.json");
  const parsed: unknown = index && JSON.parse(index.toString("utf8"));
  const [entry] = isObject(parsed) && Array.isArray(parsed.manifests) ? parsed.manifests : [];
  const digest = isObject(entry) ? String(entry.digest) : "";
  return small.get(digest.replace(/^sha256:/, "blobs/sha256/"));
}

/** The uncompressed tar of one layer. */
export async function* readSavedLayer(open: Open, path: string): AsyncGenerator<Buffer> {
  const archive = await open();
  const tar = extract();
  const failed = finished(archive).catch((error: Error) => tar.destroy(error));
  archive.pipe(tar);
  for await (const entry of tar) {
    if (entry.header.name === path) {
      yield* decompress(Readable.from(entry));
      // Nobody reads the rest of the archive.
      archive.destroy();
      return;
    }
    entry.resume();
  }
  await failed;
  throw new LarderError(`the engine gave an archive without its layer ${path}`);
}

async function forEach(
  archive: Readable,
  read: (header: Header, entry: AsyncIterable<unknown>) => Promise<void>,
): Promise<void> {
  const tar = extract();
  const failed = finished(archive).catch((error: Error) => tar.destroy(error));
  archive.pipe(tar);
  for await (const entry of tar) {
    await read(entry.header, entry);
    entry.resume();
  }
  await failed;
}

function textOf(files: ReadonlyMap<string, Buffer>, path: string): string {
  const found = files.get(path);
  if (!found) throw new LarderError(`the engine gave an archive without ${path}`);
  return found.toString("utf8");
}
