import { lstat, readFile } from "node:fs/promises";
import { familiarName, repositoryName } from "../../image/reference.js";
import { type ByteString, compare, toBytes } from "../bytes.js";
import { chainOf, type Digest, hexOf, sha256 } from "../chain.js";
import type { CatalogInput, LoadedImage, ShelfEntry, Store } from "../store.js";
import { packWhiteouts, type WhiteoutDirectory } from "../whiteout-tar.js";
import { parseWhiteouts, type Whiteouts } from "../whiteouts.js";
import { DataRoot, type RecordedLayer } from "./data-root.js";
import { cacheIdOf } from "./ids.js";
import { changedEntries, distributionEntries, imageEntry, layerEntries, rootDirectories } from "./layout.js";
import { hides, withRealLayers } from "./lowers.js";
import {
  type CatalogBlob,
  type CatalogLayer,
  type CatalogModel,
  emptyModel,
  formatModel,
  mergeModels,
  parseModel,
  sorted,
} from "./model.js";
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
      ...changedEntries(model, earlier),
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
      const { whiteouts, directory, hasXattrs } = await this.layer(link.diffId);
      const mayBeReal = whiteouts.length > 0 && !hasXattrs && !(await hasDirectory(directory, whiteouts));
      layers[link.chainId] = {
        diffId: link.diffId,
        parent: link.parent ?? null,
        size: Number(await this.#dataRoot.layerText(link.chainId, "size")),
        whiteouts: whiteouts.length > 0,
        xattrs: hasXattrs,
        ...(mayBeReal && { mayBeReal }),
      };
    }
    return images.map((image) => describeImage(image)).reduce(mergeModels, { ...emptyModel, layers });
  }

  async #whiteoutEntries(model: CatalogModel, stageShelf: string): Promise<ShelfEntry[]> {
    const hiding: WhiteoutDirectory[] = [];
    for (const [chainId, layer] of Object.entries(model.layers)) {
      if (!hides(layer) && !layer.real) continue;
      const path = `${cacheIdOf(chainId)}/${layer.real ? "diff" : "whiteouts"}`;
      const whiteouts = await this.#whiteoutsOf(layer.diffId, stageShelf);
      hiding.push({
        path,
        whiteouts: layer.real ? await this.#withoutOwn(layer.diffId, whiteouts, stageShelf) : whiteouts,
      });
    }
    if (hiding.length === 0) return [];
    const from = `${this.#dataRoot.path}/larder-whiteouts.tar`;
    await packWhiteouts(hiding, from);
    return [{ kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
  }

  /** A file of the layer itself hides what is below it. */
  async #withoutOwn(diffId: Digest, whiteouts: Whiteouts, stageShelf: string): Promise<Whiteouts> {
    const known = this.#layers.get(diffId);
    const files = known ? (await known).directory : `${stageShelf}/layers/${hexOf(diffId)}/fs`;
    const kept: ByteString[] = [];
    for (const path of whiteouts) if (!(await isFile(files, path))) kept.push(path);
    return kept;
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

/** Whether the layer has a directory where it hides something, which makes it an opaque one. */
async function hasDirectory(files: string, whiteouts: Whiteouts): Promise<boolean> {
  for (const path of whiteouts) {
    const found = await lstat(toBytes(`${files}/${path}`)).catch(() => undefined);
    if (found?.isDirectory()) return true;
  }
  return false;
}

/** Whether the layer has something else than a whiteout there. */
async function isFile(files: string, path: ByteString): Promise<boolean> {
  const found = await lstat(toBytes(`${files}/${path}`)).catch(() => undefined);
  return found !== undefined && !(found.isCharacterDevice() && found.rdev === 0);
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
