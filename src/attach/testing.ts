import { mkdir, writeFile } from "node:fs/promises";
import { CatalogFiles } from "../agent/stock/catalog-files.js";
import { chainOf, type Digest, hexOf, sha256 } from "../store/chain.js";
import { cacheIdOf } from "../store/overlay2/ids.js";
import { hides, imageEntry, layerEntries, rootDirectories } from "../store/overlay2/layout.js";
import { type CatalogModel, emptyModel, formatModel, mergeModels } from "../store/overlay2/model.js";
import { formatRepositories } from "../store/overlay2/repositories.js";
import type { ShelfEntry } from "../store/store.js";
import { packWhiteouts } from "../store/whiteout-tar.js";
import { byteString, formatWhiteouts } from "../store/whiteouts.js";

export interface TestImage {
  readonly name: string;
  readonly diffIds: readonly Digest[];
}

/** What every layer but the bottom one of a test image deletes. */
const whiteouts = [byteString("deleted"), byteString("odd \u00e4\n/x")];

export function imageIdOf({ name, diffIds }: TestImage): Digest {
  return `sha256:${sha256(JSON.stringify([name, diffIds]))}`;
}

/** A shelf in a directory, as the stock step would make it, with one file in each layer. */
export async function writeShelf(shelf: string, images: readonly TestImage[]): Promise<void> {
  const model = images.map(modelOf).reduce(mergeModels, emptyModel);
  const files = new CatalogFiles();
  const catalog = "catalog/overlay2";
  for (const [chainId, layer] of Object.entries(model.layers)) {
    files.add(
      catalog,
      layerEntries(model, chainId, Buffer.from("split")).map((entry) => moveTo(shelf, entry)),
    );
    files.addFile(`layers/${hexOf(layer.diffId)}/fs/file`, layer.diffId);
    files.addFile(`layers/${hexOf(layer.diffId)}/whiteouts`, formatWhiteouts(whiteouts));
  }
  files.add(catalog, rootDirectories());
  files.add(
    catalog,
    images.map((image) => imageEntry(imageIdOf(image), Buffer.from(image.name))),
  );
  files.addFile(`${catalog}/repositories.json`, formatRepositories(model.references));
  files.addFile(`${catalog}/images`, images.map(lineOf).sort().join(""));
  files.addFile(`${catalog}/id`, `${sha256(formatModel(model))}\n`);
  const hiding = Object.entries(model.layers).filter(([, layer]) => hides(layer));
  await mkdir(shelf, { recursive: true });
  await files.write(shelf);
  if (hiding.length === 0) return;
  const layers = hiding.map(([chainId]) => ({ path: `${cacheIdOf(chainId)}/whiteouts`, whiteouts }));
  await writeFile(`${shelf}/${catalog}/whiteouts.tar`, await packWhiteouts(layers, `${shelf}/scratch`));
}

function modelOf(image: TestImage): CatalogModel {
  const layers = chainOf(image.diffIds).map(
    ({ chainId, diffId, parent }) =>
      [chainId, { diffId, parent: parent ?? null, size: 1, whiteouts: true, xattrs: false }] as const,
  );
  return {
    ...emptyModel,
    layers: Object.fromEntries(layers),
    images: { [imageIdOf(image)]: chainOf(image.diffIds).at(-1)?.chainId ?? null },
    references: { [image.name]: imageIdOf(image) },
  };
}

function lineOf(image: TestImage): string {
  return `${hexOf(imageIdOf(image))} ${hexOf(chainOf(image.diffIds).at(-1)?.chainId ?? "")}\n`;
}

function moveTo(shelf: string, entry: ShelfEntry): ShelfEntry {
  return entry.kind === "link" ? { ...entry, target: entry.target.replace("/usr/lib/larder", shelf) } : entry;
}
