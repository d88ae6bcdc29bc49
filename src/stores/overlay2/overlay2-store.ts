import { readFile } from "node:fs/promises";
import { familiarName, repositoryName } from "../../image/reference.js";
import { compare } from "../../files/bytes.js";
import { chainOf, type Digest, hexOf, sha256 } from "../../image/chain.js";
import type { CatalogInput, LoadedImage, ShelfEntry, Store } from "../store.js";
import { packWhiteouts, type WhiteoutDirectory } from "../../shelf/whiteout-tar.js";
import { parseWhiteouts, type Whiteouts } from "../../shelf/whiteouts.js";
import { DataRoot, type RecordedLayer } from "./data-root.js";
import { cacheIdOf } from "./ids.js";
import {
  changedLowers,
  distributionEntries,
  imageEntry,
  layerEntries,
  realEntries,
  rootDirectories,
} from "./tree.js";
import { hides, withRealLayers } from "./lowers.js";
import {
  ancestry,
  type CatalogBlob,
  type CatalogLayer,
  type CatalogModel,
  emptyModel,
  formatModel,
  mergeModels,
  parseModel,
  sorted,
} from "./model.js";
import { realWhiteouts } from "./real-whiteouts.js";
import { formatRepositories } from "./repositories.js";

/** Docker's graph driver store. See docs/shelf.md for what the catalog looks like. */
export class Overlay2Store implements Store {
  readonly name = "overlay2";
  readonly #dataRoot: DataRoot;
  /** Layers are asked for twice, once for their folder and once for the catalog. */
  readonly #layers = new Map<Digest, Promise<RecordedLayer>>();

  /** @param dataRoot Data root of a daemon that has loaded the images and has stopped since. */
  constructor(dataRoot: string) {
    this.#dataRoot = new DataRoot(dataRoot);
  }

  layer(diffId: Digest): Promise<RecordedLayer> {
    const known = this.#layers.get(diffId) ?? this.#dataRoot.unpackedLayer(diffId);
    this.#layers.set(diffId, known);
    return known;
  }

  async catalog(input: CatalogInput): Promise<readonly ShelfEntry[]> {
    const earlier = await this.#readStage(input.stageShelf);
    const added = await this.#describe(input.images);
    const model = withRealLayers(mergeModels(earlier, added), earlier);
    const text = formatModel(model);
    return [
      ...rootDirectories(),
      { kind: "directory", path: "db", mode: 0o755 },
      ...Object.keys(added.layers)
        .filter((chainId) => !earlier.layers[chainId])
        .sort(compare)
        .flatMap((chainId) => layerEntries(model, chainId, this.#dataRoot.tarSplitFile(chainId))),
      ...changedLowers(model, earlier),
      ...input.images.map((image) => imageEntry(image.imageId, image.config)),
      ...distributionOf(model, added),
      textFile("repositories.json", formatRepositories(model.references)),
      textFile("images", formatImages(model)),
      ...(await this.#whiteoutEntries(model, input.stageShelf)),
      textFile("catalog.json", text),
      textFile("id", `${sha256(text)}\n`),
    ];
  }

  /** Docker has the layers' files, and makes tars of them when it needs some. */
  layerBlobs(): readonly Digest[] {
    return [];
  }

  async #readStage(shelf: string): Promise<CatalogModel> {
    try {
      return parseModel(await readFile(`${shelf}/catalog/${this.name}/catalog.json`, "utf8"));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return emptyModel;
      throw error;
    }
  }

  async #describe(images: readonly LoadedImage[]): Promise<CatalogModel> {
    const layers: Record<Digest, CatalogLayer> = {};
    for (const link of images.flatMap((image) => chainOf(image.diffIds))) {
      const { whiteouts, hasXattrs } = await this.layer(link.diffId);
      layers[link.chainId] = {
        diffId: link.diffId,
        parent: link.parent ?? null,
        size: Number(await this.#dataRoot.layerText(link.chainId, "size")),
        whiteouts: whiteouts.length > 0,
        xattrs: hasXattrs,
      };
    }
    return images.map((image) => describeImage(image)).reduce(mergeModels, { ...emptyModel, layers });
  }

  /** Whiteouts of all layers, for the directories that attach makes of them. */
  async #whiteoutEntries(model: CatalogModel, stageShelf: string): Promise<ShelfEntry[]> {
    const directories: WhiteoutDirectory[] = [];
    const real: ShelfEntry[] = [];
    for (const [chainId, layer] of Object.entries(model.layers)) {
      if (!hides(layer) && !layer.real) continue;
      const whiteouts = await this.#whiteoutsOf(layer.diffId, stageShelf);
      if (hides(layer)) directories.push({ path: `${cacheIdOf(chainId)}/whiteouts`, whiteouts });
      if (!layer.real) continue;
      const line = ancestry(model, chainId).map(({ layer: { diffId } }) => this.#filesOf(diffId, stageShelf));
      const [own = "", ...below] = await Promise.all(line);
      const needed = await realWhiteouts(whiteouts, own, below);
      directories.push({ path: `${cacheIdOf(chainId)}/diff`, whiteouts: needed });
      real.push(...realEntries(chainId, needed));
    }
    if (directories.length === 0) return [];
    const from = `${this.#dataRoot.path}/larder-whiteouts.tar`;
    await packWhiteouts(directories, from);
    return [...real, { kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
  }

  async #filesOf(diffId: Digest, stageShelf: string): Promise<string> {
    const known = this.#layers.get(diffId);
    return known ? (await known).directory : `${stageShelf}/layers/${hexOf(diffId)}/fs`;
  }

  async #whiteoutsOf(diffId: Digest, stageShelf: string): Promise<Whiteouts> {
    const known = this.#layers.get(diffId);
    if (known) return (await known).whiteouts;
    return parseWhiteouts(await readFile(`${stageShelf}/layers/${hexOf(diffId)}/whiteouts`, "latin1"));
  }
}

function describeImage(image: LoadedImage): CatalogModel {
  const { reference, imageId } = image;
  const name = familiarName(reference);
  const blobs: Record<Digest, CatalogBlob> = {};
  for (const [index, diffId] of image.diffIds.entries()) {
    const digest = image.blobs[index];
    if (digest === undefined) throw new Error(`the manifest of ${name} has fewer layers than its config`);
    blobs[digest] = { diffId, repositories: [repositoryName(reference)] };
  }
  return {
    ...emptyModel,
    images: { [imageId]: chainOf(image.diffIds).at(-1)?.chainId ?? null },
    references: {
      ...(reference.tag !== undefined && { [`${name}:${reference.tag}`]: imageId }),
      [`${name}@${reference.digest}`]: imageId,
    },
    blobs,
  };
}

/** For each layer that is new here: the notes on all its blobs, those of earlier PRELOADs among them. */
function distributionOf(model: CatalogModel, added: CatalogModel): ShelfEntry[] {
  const diffIds = [...new Set(Object.values(added.blobs).map((blob) => blob.diffId))].sort(compare);
  return diffIds.flatMap((diffId) => {
    const blobs = Object.entries(model.blobs).filter(([, blob]) => blob.diffId === diffId);
    return distributionEntries(diffId, Object.fromEntries(blobs.sort(([a], [b]) => compare(a, b))));
  });
}

/** A line for each image: its ID, and the chain ID of its top layer if it has one; in hex. */
function formatImages(model: CatalogModel): string {
  return Object.entries(sorted(model.images))
    .map(([imageId, chainId]) => `${hexOf(imageId)}${chainId === null ? "" : ` ${hexOf(chainId)}`}\n`)
    .join("");
}

function textFile(path: string, text: string): ShelfEntry {
  return { kind: "file", path, mode: 0o644, content: Buffer.from(text) };
}
