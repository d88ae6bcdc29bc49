import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { readTar } from "../../files/read-tar.js";
import { digestOf, hexOf } from "../../image/digest.js";
import { nameArchive } from "../../stores/containerd/merge-steps.js";
import type { CatalogImage, ContainerdModel } from "../../stores/containerd/model.js";
import type { CatalogCheck } from "./catalog-check.js";

/**
 * Checks the archives that attach gives to `ctr` where a containerd has images already.
 * @param folder of the catalog, in the system image.
 */
export async function checkNameArchives(
  { images }: ContainerdModel,
  folder: string,
  { contents, findings }: CatalogCheck,
): Promise<void> {
  for (const image of images) {
    const path = `${folder}/${nameArchive(image)}`;
    const file = contents.files.get(path);
    if (!file?.content) continue;
    const where = { outer: file.outer, path: `/${path}` };
    try {
      for (const what of await archiveFaults(file.content, image)) findings.fault(where, what);
    } catch (error) {
      findings.fault(where, `is no whole tar: ${(error as Error).message}`);
    }
  }
}

async function archiveFaults(archive: Buffer, { name, target, metadata }: CatalogImage): Promise<string[]> {
  const index = { ...target, annotations: { "io.containerd.image.name": name } };
  const expected = new Map<string, (content: Buffer) => boolean>([
    ["oci-layout", (content) => content.toString() === '{"imageLayoutVersion":"1.0.0"}'],
    [
      "index.json",
      (content) => content.toString() === JSON.stringify({ schemaVersion: 2, manifests: [index] }),
    ],
  ]);
  for (const digest of metadata) {
    expected.set(`blobs/sha256/${hexOf(digest)}`, (content) => digestOf(content) === digest);
  }
  const faults: string[] = [];
  for await (const { entry, content } of readTar(Readable.from([archive]))) {
    if (entry.kind === "directory") continue;
    const isRight = expected.get(entry.name);
    expected.delete(entry.name);
    if (!isRight) faults.push(`has ${entry.name}, should not have it`);
    else if (entry.kind !== "file" || !isRight(await buffer(content)))
      faults.push(`has another ${entry.name} than the image`);
  }
  return [...faults, ...[...expected.keys()].map((missing) => `lacks ${missing}`)];
}
