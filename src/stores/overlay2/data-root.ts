import { readdir, readFile } from "node:fs/promises";
import { type Digest, hexOf } from "../../image/chain.js";
import type { UnpackedLayer } from "../store.js";
import { readTarSplit } from "./tar-split.js";

/** A layer with what else Docker's record of its tar tells. */
export interface RecordedLayer extends UnpackedLayer {
  /** Some entry has an extended attribute. */
  readonly hasXattrs: boolean;
}

/**
 * What Docker's graph driver overlay2 wrote below its data root, as daemon/internal/layer/filestore.go
 * and daemon/graphdriver/overlay2 lay it out (the same from 20.10 to 29). The daemon must not be running.
 */
export class DataRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Chain IDs of all layers, sorted. */
  async chainIds(): Promise<Digest[]> {
    const names = await readdir(`${this.path}/image/overlay2/layerdb/sha256`);
    return names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .sort()
      .map((hex) => `sha256:${hex}`);
  }

  /** Docker's record of a layer's tar. */
  tarSplitFile(chainId: Digest): string {
    return `${this.#layerFolder(chainId)}/tar-split.json.gz`;
  }

  async layerText(chainId: Digest, name: "diff" | "size" | "cache-id"): Promise<string> {
    return (await readFile(`${this.#layerFolder(chainId)}/${name}`, "utf8")).trim();
  }

  /** A layer is the same in whichever chain it stands; the first chain that has it serves. */
  async unpackedLayer(diffId: Digest): Promise<RecordedLayer> {
    for (const chainId of await this.chainIds()) {
      if ((await this.layerText(chainId, "diff")) !== diffId) continue;
      const { whiteouts, implied, hasXattrs } = await readTarSplit(this.tarSplitFile(chainId));
      const directory = `${this.path}/overlay2/${await this.layerText(chainId, "cache-id")}/diff`;
      return { diffId, directory, whiteouts, implied, hasXattrs };
    }
    throw new Error(`the container manager did not keep the layer ${diffId}`);
  }

  #layerFolder(chainId: Digest): string {
    return `${this.path}/image/overlay2/layerdb/sha256/${hexOf(chainId)}`;
  }
}
