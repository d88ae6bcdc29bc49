import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { run } from "../../files/tool.js";
import { hexOf } from "../../image/digest.js";
import { blobFile } from "../../image/oci-layout.js";
import { familiarName } from "../../image/reference.js";
import type { LoadedImage } from "../../stores/store.js";
import type { LayoutImage } from "../layout-image.js";
import { aboutImage, StepError } from "../step-error.js";

/**
 * The images as one archive in the form of `docker save`, which every Docker loads. Layers are as in their registry,
 * each once. Those in zstd are unpacked into `scratch`, since Docker before 23 cannot read them.
 */
export async function openLoadArchive(images: readonly LayoutImage[], scratch: string): Promise<Readable> {
  const files = await layerFiles(images, scratch);
  const archive = pack();
  writeArchive(archive, images, files).catch((error: unknown) => archive.destroy(error as Error));
  // tar-stream's streams are streamx's, but its types do not distinguish them from Node's.
  return archive as unknown as Readable;
}

/** The approximate number of bytes in the archive. */
export function archiveSize(images: readonly LayoutImage[]): number {
  const layers = new Map(
    images.flatMap((image) => image.manifest.layers.map((layer) => [layer.digest, layer.size])),
  );
  return [...layers.values()].reduce((sum, size) => sum + size, 0);
}

async function writeArchive(
  archive: Pack,
  images: readonly LayoutImage[],
  files: ReadonlyMap<string, string>,
) {
  const manifest = images.map((image) => ({
    Config: configName(image),
    RepoTags: repoTags(image),
    Layers: image.manifest.layers.map((layer) => layerName(layer.digest)),
  }));
  for (const [name, config] of new Map(images.map((image) => [configName(image), image.config]))) {
    await writeEntry(archive, name, config);
  }
  for (const [name, file] of files) await writeFileEntry(archive, name, file);
  await writeEntry(archive, "manifest.json", Buffer.from(JSON.stringify(manifest)));
  archive.finalize();
}

function configName(image: LoadedImage): string {
  return `${hexOf(image.imageId)}.json`;
}

function layerName(digest: string): string {
  return `${hexOf(digest)}.tar`;
}

function repoTags({ reference }: LoadedImage): string[] | null {
  return reference.tag === undefined ? null : [`${familiarName(reference)}:${reference.tag}`];
}

/** Maps names in the archive to the files with the layers. */
async function layerFiles(images: readonly LayoutImage[], scratch: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [index, { layout, manifest }] of images.entries()) {
    for (const { digest, mediaType } of manifest.layers) {
      const name = layerName(digest);
      if (files.has(name)) continue;
      const blob = blobFile(layout, digest);
      if (/encrypted/.test(mediaType))
        throw new StepError(`its layer ${digest} is encrypted, which PRELOAD does not support`, {
          image: index,
        });
      const file = () => (/zstd$/.test(mediaType) ? unzstd(blob, `${scratch}/${name}`) : blob);
      files.set(name, await aboutImage(index, async () => file()));
    }
  }
  return files;
}

async function unzstd(blob: string, to: string): Promise<string> {
  await mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  await run("zstd", ["--decompress", "--quiet", "--force", "-o", to, blob]);
  return to;
}

function writeEntry(archive: Pack, name: string, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header(name, content.length), content, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeFileEntry(archive: Pack, name: string, file: string): Promise<void> {
  const { size } = await stat(file);
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), archive.entry(header(name, size)));
}

function header(name: string, size: number) {
  return { name, size, mode: 0o644, mtime: new Date(0) };
}
