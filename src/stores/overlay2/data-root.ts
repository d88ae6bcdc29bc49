import { readdir, readFile } from "node:fs/promises";
import type { ChainLink } from "../../image/chain.js";
import { type ChainId, type DiffId, hexOf } from "../../image/digest.js";
import type { UnpackedLayer } from "../../shelf/layer-folder.js";
import type { LayerFacts } from "../store.js";
import { readTarSplit } from "./tar-split.js";

/** A layer with the facts in Docker's record of its tar. */
interface RecordedLayer extends UnpackedLayer {
  /** Some entry has an extended attribute. */
  readonly hasXattrs: boolean;
}

/**
 * Reads the files of Docker's graph driver overlay2 below a data root (written by daemon/internal/layer/filestore.go
 * and daemon/graphdriver/overlay2, the same from 20.10 to 29). The daemon must not be running.
 */
export class DataRoot {
  readonly path: string;
  /** Each layer is read twice: for its folder and for the catalog. */
  readonly #layers = new Map<DiffId, Promise<RecordedLayer>>();
  #chainIds: Promise<ReadonlyMap<DiffId, ChainId>> | undefined;

  /** @param path Data root of a daemon that has loaded the images and has stopped. */
  constructor(path: string) {
    this.path = path;
  }

  /** A layer, which is the same in every chain. @throws Error if the daemon has no such layer. */
  layer(diffId: DiffId): Promise<RecordedLayer> {
    const known = this.#layers.get(diffId) ?? this.#read(diffId);
    this.#layers.set(diffId, known);
    return known;
  }

  async facts({ diffId, chainId }: ChainLink): Promise<LayerFacts> {
    const { whiteouts, hasXattrs } = await this.layer(diffId);
    return { size: Number(await this.#text(chainId, "size")), hides: whiteouts.length > 0, hasXattrs };
  }

  /** Docker's record of a layer's tar. */
  tarSplitFile(chainId: ChainId): string {
    return `${this.#layerFolder(chainId)}/tar-split.json.gz`;
  }

  async #read(diffId: DiffId): Promise<RecordedLayer> {
    this.#chainIds ??= this.#readChainIds();
    const chainId = (await this.#chainIds).get(diffId);
    if (chainId === undefined) throw new Error(`the container manager did not keep the layer ${diffId}`);
    const { whiteouts, implied, hasXattrs } = await readTarSplit(this.tarSplitFile(chainId));
    const directory = `${this.path}/overlay2/${await this.#text(chainId, "cache-id")}/diff`;
    return { diffId, directory, whiteouts, implied, hasXattrs };
  }

  /** The first chain that has each layer. */
  async #readChainIds(): Promise<Map<DiffId, ChainId>> {
    const names = await readdir(`${this.path}/image/overlay2/layerdb/sha256`);
    const chainIds = names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((hex): ChainId => `sha256:${hex}`);
    const found = new Map<DiffId, ChainId>();
    for (const chainId of chainIds.sort().reverse()) found.set(await this.#text(chainId, "diff"), chainId);
    return found;
  }

  async #text(chainId: ChainId, name: "diff" | "size" | "cache-id"): Promise<string> {
    return (await readFile(`${this.#layerFolder(chainId)}/${name}`, "utf8")).trim();
  }

  #layerFolder(chainId: ChainId): string {
    return `${this.path}/image/overlay2/layerdb/sha256/${hexOf(chainId)}`;
  }
}
