import { compare } from "../../files/bytes.js";
import { type ChainId, type Digest, hexOf, sha256 } from "../../image/digest.js";
import { fileEntry, type ShelfEntry } from "../../shelf/entry.js";
import type { LayerSource } from "../../shelf/layer-source.js";
import { packWhiteouts, type WhiteoutDirectory } from "../../shelf/whiteout-tar.js";
import { hides } from "../overlay2/lowers.js";
import { sorted } from "../overlay2/model.js";
import type { LoadedImage } from "../store.js";
import { formatModel, type PodmanModel } from "./model.js";
import { imageRecords, layerRecords } from "./records.js";
import { imageEntries, layerEntries, rootDirectories, whiteoutDirectory } from "./tree.js";

/** The sources of the catalog's files, beside the model. */
export interface PodmanRecords {
  /** The images that the model describes and `earlier` does not. */
  readonly images: readonly LoadedImage[];
  /** The catalog that the stage has. Its layers are not written again. */
  readonly earlier: PodmanModel;
  readonly layers: Pick<LayerSource, "whiteouts">;
  /** The record of a layer's tar. */
  tarSplitFile(chainId: ChainId): string;
  /** A directory on a file system that takes devices (not overlayfs). */
  readonly scratch: string;
}

/** The files of the catalog, see docs/shelf.md. */
export async function write(model: PodmanModel, records: PodmanRecords): Promise<readonly ShelfEntry[]> {
  return [
    ...rootDirectories(),
    { kind: "directory", path: "db", mode: 0o755 },
    ...Object.keys(model.layers)
      .filter((chainId) => !records.earlier.layers[chainId])
      .sort(compare)
      .flatMap((chainId) => layerEntries(model, chainId, records.tarSplitFile(chainId))),
    ...records.images.flatMap((image) => imageFiles(model, image)),
    ...(await whiteoutEntries(model, records)),
    ...indexEntries(model),
  ];
}

/** The files that follow from the model alone. */
export function indexEntries(model: PodmanModel): ShelfEntry[] {
  const text = formatModel(model);
  const [layers, images] = [layerRecords(model), imageRecords(model)];
  return [
    fileEntry("layers", lines(layers)),
    fileEntry("image-records", lines(images)),
    fileEntry("images", formatImages(model)),
    { kind: "file", path: "layers.json", mode: 0o600, content: Buffer.from(`[${layers.join(",")}]`) },
    { kind: "file", path: "images.json", mode: 0o600, content: Buffer.from(`[${images.join(",")}]`) },
    fileEntry("catalog.json", text),
    fileEntry("id", `${sha256(text)}\n`),
  ];
}

function imageFiles(model: PodmanModel, image: LoadedImage): ShelfEntry[] {
  const described = model.images[image.imageId];
  if (!described) return [];
  const contents = new Map<Digest, Buffer>([
    [image.imageId, image.config],
    [image.reference.digest, image.target],
    [image.manifestDigest, image.manifestBytes],
  ]);
  return imageEntries(image.imageId, described, contents);
}

/** The whiteouts of all layers, for the directories that attach makes of them. */
async function whiteoutEntries(
  model: PodmanModel,
  { layers, scratch }: PodmanRecords,
): Promise<ShelfEntry[]> {
  const directories: WhiteoutDirectory[] = [];
  for (const layer of Object.values(model.layers)) {
    if (!hides(layer)) continue;
    directories.push({ path: whiteoutDirectory(layer), whiteouts: await layers.whiteouts(layer.diffId) });
  }
  if (directories.length === 0) return [];
  const from = `${scratch}/larder-whiteouts.tar`;
  await packWhiteouts(directories, from);
  return [{ kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
}

/** One line for each image: its ID, and the ID of its top layer if it has one. */
function formatImages(model: PodmanModel): string {
  return Object.entries(sorted(model.images))
    .map(([imageId, { layer }]) => {
      const top = layer === null ? undefined : model.layers[layer]?.id;
      return `${hexOf(imageId)}${top === undefined ? "" : ` ${top}`}\n`;
    })
    .join("");
}

function lines(records: readonly string[]): string {
  return records.map((record) => `${record}\n`).join("");
}
