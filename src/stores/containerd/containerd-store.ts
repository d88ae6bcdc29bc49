import { readFile } from "node:fs/promises";
import { type Digest, hexOf, sha256 } from "../../image/chain.js";
import type { CatalogInput, ShelfEntry, Store, UnpackedLayer } from "../store.js";
import { packWhiteouts } from "../../shelf/whiteout-tar.js";
import { parseWhiteouts, type Whiteouts } from "../../shelf/whiteouts.js";
import {
  blobEntries,
  checkKeys,
  contentDirectory,
  databases,
  keyOf,
  rootDirectories,
  snapshotEntries,
  snapshotKinds,
} from "./tree.js";
import { formatSteps, packName } from "./merge-steps.js";
import { type ContainerdModel, emptyModel, formatModel, parseModel } from "./model.js";

/** containerd's store, Docker's or its own. See docs/shelf.md for what the catalog looks like. */
export class ContainerdStore implements Store {
  readonly name = "containerd";
  readonly namespace: string;
  readonly #root: string;
  readonly #model: ContainerdModel;
  readonly #layers: ReadonlyMap<Digest, UnpackedLayer>;

  /**
   * @param namespace What the images of this time were put into.
   * @param root Root of a containerd that has taken the images in and has stopped since.
   * @param model All that it holds, of earlier PRELOADs too.
   * @param layers Those that it has unpacked this time.
   */
  constructor(
    namespace: string,
    root: string,
    model: ContainerdModel,
    layers: ReadonlyMap<Digest, UnpackedLayer>,
  ) {
    this.namespace = namespace;
    this.#root = root;
    this.#model = model;
    this.#layers = layers;
  }

  async layer(diffId: Digest): Promise<UnpackedLayer | undefined> {
    return this.#layers.get(diffId);
  }

  async catalog({ stageShelf }: CatalogInput): Promise<readonly ShelfEntry[]> {
    const { snapshots, blobs } = this.#model;
    checkKeys(snapshots.map(({ diffId }) => diffId));
    checkKeys(blobs.filter(({ holds }) => holds === "layer").map(({ digest }) => digest));
    const metadata = await this.#metadata();
    const text = formatModel(this.#model);
    return [
      ...rootDirectories(),
      ...snapshots.flatMap(snapshotEntries),
      ...blobs.flatMap((blob) => blobEntries(blob, metadata.get(blob.digest))),
      ...(await this.#databases()),
      ...(await this.#whiteoutEntries(stageShelf)),
      textFile("snapshots", formatSnapshots(this.#model)),
      ...(snapshots.some(({ xattrs }) => xattrs) ? [textFile("xattrs", "")] : []),
      textFile("images", formatImages(this.#model)),
      textFile("steps", formatSteps(this.#model)),
      ...(await this.#names(metadata)),
      textFile("catalog.json", text),
      textFile("id", `${sha256(text)}\n`),
    ];
  }

  /** Layers' blobs that the content store keeps. */
  layerBlobs(): readonly Digest[] {
    return [
      ...new Set(this.#model.blobs.filter(({ holds }) => holds === "layer").map(({ digest }) => digest)),
    ];
  }

  async #metadata(): Promise<Map<Digest, Buffer>> {
    const digests = this.#model.blobs.filter(({ holds }) => holds === "metadata").map(({ digest }) => digest);
    const read = async (digest: Digest): Promise<[Digest, Buffer]> => [
      digest,
      await readFile(`${this.#root}/${contentDirectory}/blobs/sha256/${hexOf(digest)}`),
    ];
    return new Map(await Promise.all([...new Set(digests)].map(read)));
  }

  async #databases(): Promise<ShelfEntry[]> {
    const read = async ([path, file]: [string, string]): Promise<ShelfEntry> => ({
      kind: "file",
      path,
      mode: 0o600,
      content: await readFile(`${this.#root}/${file}`),
    });
    return Promise.all(Object.entries(databases).map(read));
  }

  async #whiteoutEntries(stageShelf: string): Promise<ShelfEntry[]> {
    const hiding = this.#model.snapshots.filter(({ holds }) => holds === "whiteouts");
    if (hiding.length === 0) return [];
    const directories = await Promise.all(
      hiding.map(async ({ id, diffId }) => ({
        path: `${id}/fs`,
        whiteouts: await this.#whiteoutsOf(diffId, stageShelf),
      })),
    );
    const from = `${this.#root}/larder-whiteouts.tar`;
    await packWhiteouts(directories, from);
    return [{ kind: "copy", path: "whiteouts.tar", mode: 0o644, from }];
  }

  async #whiteoutsOf(diffId: Digest, stageShelf: string): Promise<Whiteouts> {
    const known = this.#layers.get(diffId);
    if (known) return known.whiteouts;
    return parseWhiteouts(await readFile(`${stageShelf}/layers/${hexOf(diffId)}/whiteouts`, "latin1"));
  }

  async #names(metadata: ReadonlyMap<Digest, Buffer>): Promise<ShelfEntry[]> {
    const entries: ShelfEntry[] = [];
    for (const image of this.#model.images) {
      const archive = await packName(image, metadata, `${this.#root}/larder-name`);
      entries.push({ kind: "file", mode: 0o644, ...archive });
    }
    return entries;
  }
}

/** What the catalog in the stage describes. @param stageShelf `/usr/lib/larder` of the stage. */
export async function readStageModel(stageShelf: string): Promise<ContainerdModel> {
  try {
    return parseModel(await readFile(`${stageShelf}/catalog/containerd/catalog.json`, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return emptyModel;
    throw error;
  }
}

/** A line for each snapshot: its directory, what attach makes of it, and the short name of the layer that it is for. */
function formatSnapshots(model: ContainerdModel): string {
  return [...snapshotKinds(model)]
    .map(([{ id, diffId }, kind]) => `${id} ${kind} ${keyOf(diffId)}\n`)
    .join("");
}

/** A line for each image, however many names it has: namespace and digest. */
function formatImages({ images }: ContainerdModel): string {
  const lines = images.map(({ namespace, target }) => `${namespace} ${target.digest}\n`);
  return [...new Set(lines)].join("");
}

function textFile(path: string, text: string): ShelfEntry {
  return { kind: "file", path, mode: 0o644, content: Buffer.from(text) };
}
