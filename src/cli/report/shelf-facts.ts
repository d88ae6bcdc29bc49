/** Reads what a shelf says of its images: `preload.json`, and the sizes in the catalogs that have them. */
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { LarderError } from "../../error.js";
import type { DiffId } from "../../image/digest.js";
import { readHistory } from "../../shelf/history.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { parsePreload, type ShelvedImage } from "../../shelf/preload-file.js";
import { parseCatalog } from "../../stores/catalog-json.js";
import type { LayerModel } from "../../stores/overlay2/model.js";
import { storeNames } from "../../stores/table.js";
import type { OuterImage } from "../images/outer-image.js";

export interface ShelfFacts {
  /** An image in two stores is listed for each. */
  readonly images: readonly ShelvedImage[];
  /** Bytes of an inner layer's files. containerd's catalog does not have them. */
  readonly sizes: ReadonlyMap<DiffId, number>;
}

const preloadPath = `${shelf}/${onShelf.preload}`;
const catalogPaths = ["overlay2", "podman"].map((store) => `${shelf}/${onShelf.catalog(store)}/catalog.json`);

/**
 * Reads these files, or the outer layers of catalogs until all are found. Other layers are not read.
 * @returns undefined if the image has no shelf.
 */
export async function readShelfFacts(image: OuterImage): Promise<ShelfFacts | undefined> {
  const files = await readFiles(image, [preloadPath, ...catalogPaths]);
  const preload = files.get(preloadPath);
  if (!preload) return undefined;
  try {
    const { images } = parsePreload(preload.toString("utf8"), storeNames);
    return { images, sizes: new Map(catalogPaths.flatMap((path) => sizesIn(files.get(path)))) };
  } catch (error) {
    throw new LarderError(`image "${image.name}": ${LarderError.from(error).message}`, { cause: error });
  }
}

function sizesIn(catalog: Buffer | undefined): [DiffId, number][] {
  if (!catalog) return [];
  const { layers } = parseCatalog<LayerModel & { version: 1 }>(catalog.toString("utf8"));
  return Object.values(layers).map(({ diffId, size }) => [diffId, size]);
}

async function readFiles(image: OuterImage, paths: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  if (image.readFile) {
    for (const path of paths) {
      const content = await image.readFile(path);
      if (content) found.set(path, content);
    }
    return found;
  }
  // The topmost layer that has a file hides the others.
  for (const index of catalogLayers(image).reverse()) {
    const missing = paths.filter((path) => !found.has(path));
    if (missing.length > 0) await readFromLayer(image, index, missing, found);
  }
  return found;
}

function catalogLayers({ config }: OuterImage): number[] {
  return [...readHistory(config)].flatMap(([index, { kind }]) => (kind === "catalog" ? [index] : []));
}

async function readFromLayer(
  image: OuterImage,
  index: number,
  paths: readonly string[],
  found: Map<string, Buffer>,
): Promise<void> {
  const tar = await image.openLayer(index);
  const entries = tar.pipe(extract());
  tar.once("error", (error) => entries.destroy(error));
  for await (const entry of entries) {
    const path = entry.header.name.replace(/^\.?\//, "");
    if (paths.includes(path)) found.set(path, await buffer(entry));
    else entry.resume();
  }
}
