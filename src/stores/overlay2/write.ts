import { compare } from "../../files/bytes.js";
import { type ChainId, type DiffId, hexOf, sha256 } from "../../image/digest.js";
import { fileEntry, type ShelfEntry } from "../../shelf/entry.js";
import type { LayerSource } from "../../shelf/layer-source.js";
import { packWhiteouts, type WhiteoutDirectory } from "../../shelf/whiteout-tar.js";
import type { LoadedImage } from "../store.js";
import { cacheIdOf } from "./ids.js";
import { hides } from "./lowers.js";
import { ancestry, type CatalogModel, formatModel, sorted } from "./model.js";
import { realWhiteouts } from "./real-whiteouts.js";
import { formatRepositories } from "./repositories.js";
import {
  changedLowers,
  distributionEntries,
  imageEntry,
  layerEntries,
  realEntries,
  rootDirectories,
} from "./tree.js";

/** The sources of the catalog's files, beside the model. */
export interface Overlay2Records {
  /** The images that the model describes and `earlier` does not. */
  readonly images: readonly LoadedImage[];
  /** The catalog that the stage has. Its layers are not written again. */
  readonly earlier: CatalogModel;
  readonly layers: LayerSource;
  /** Docker's record of a layer's tar. */
  tarSplitFile(chainId: ChainId): string;
  /** A directory on a file system that takes devices (not overlayfs). */
  readonly scratch: string;
}

/** The files of the catalog, see docs/shelf.md. */
export async function write(model: CatalogModel, records: Overlay2Records): Promise<readonly ShelfEntry[]> {
  const { earlier, images } = records;
  const text = formatModel(model);
  return [
    ...rootDirectories(),
    { kind: "directory", path: "db", mode: 0o755 },
    ...Object.keys(model.layers)
      .filter((chainId) => !earlier.layers[chainId])
      .sort(compare)
      .flatMap((chainId) => layerEntries(model, chainId, records.tarSplitFile(chainId))),
    ...changedLowers(model, earlier),
    ...images.map((image) => imageEntry(image.imageId, image.config)),
    ...distributionOf(model, images),
    fileEntry("repositories.json", formatRepositories(model.references)),
    fileEntry("images", formatImages(model)),
    ...(await whiteoutEntries(model, records)),
    fileEntry("catalog.json", text),
    fileEntry("id", `${sha256(text)}\n`),
  ];
}

/** The whiteouts of all layers, for the directories that attach makes of them. */
async function whiteoutEntries(
  model: CatalogModel,
  { layers, scratch }: Overlay2Records,
): Promise<ShelfEntry[]> {
  const directories: WhiteoutDirectory[] = [];
  const real: ShelfEntry[] = [];
  for (const [chainId, layer] of Object.entries(model.layers)) {
    if (!hides(layer) && !layer.real) continue;
    const whiteouts = await layers.whiteouts(layer.diffId);
    if (hides(layer)) directories.push({ path: `${cacheIdOf(chainId)}/whiteouts`, whiteouts });
    if (!layer.real) continue;
    const line = ancestry(model, chainId).map(({ layer: { diffId } }) => layers.files(diffId));
    const [own = "", ...below] = await Promise.all(line);
    const needed = await realWhiteouts(whiteouts, own, below);
    directories.push({ path: `${cacheIdOf(chainId)}/diff`, whiteouts: needed });
    real.push(...realEntries(chainId, needed));
  }
  if (directories.length === 0) return [];
  const from = `${scratch}/larder-whiteouts.tar`;
  await packWhiteouts(directories, from);
  return [...real, { kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
}

/** The notes on all blobs of each layer of these images, with the blobs of earlier PRELOADs. */
export function distributionOf(
  model: CatalogModel,
  images: readonly Pick<LoadedImage, "diffIds">[],
): ShelfEntry[] {
  const diffIds = [...new Set<DiffId>(images.flatMap((image) => image.diffIds))].sort(compare);
  return diffIds.flatMap((diffId) => {
    const blobs = Object.entries(model.blobs).filter(([, blob]) => blob.diffId === diffId);
    return distributionEntries(diffId, Object.fromEntries(blobs.sort(([a], [b]) => compare(a, b))));
  });
}

/** One line for each image, in hex: its ID, and the chain ID of its top layer if it has one. */
export function formatImages(model: CatalogModel): string {
  return Object.entries(sorted(model.images))
    .map(([imageId, chainId]) => `${hexOf(imageId)}${chainId === null ? "" : ` ${hexOf(chainId)}`}\n`)
    .join("");
}
