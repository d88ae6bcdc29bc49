import { lstat } from "node:fs/promises";
import { measureTree, type Usage } from "../../files/usage.js";
import type { DiffId } from "../../image/digest.js";
import { type LayerSource, shelvedLayers } from "../../shelf/layer-source.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import type { LayerFacts } from "../../stores/store.js";
import type { Places } from "../job.js";
import { type LayerRecord, readLayerRecord } from "../unpack/layer-record.js";

/** What is known of the layers: of those of this PRELOAD by their records, of earlier ones by the stage's shelf. */
export class LayerRecords implements LayerSource {
  readonly #places: Pick<Places, "recordOf" | "layerOf">;
  readonly #shelf: string;
  readonly #numbers: ReadonlyMap<DiffId, number>;
  readonly #read = new Map<DiffId, Promise<LayerRecord>>();

  /** @param layers diffIDs of each record. @param folder The stage's shelf. */
  constructor(
    layers: readonly (readonly DiffId[])[],
    places: Pick<Places, "recordOf" | "layerOf">,
    folder: string,
  ) {
    this.#places = places;
    this.#shelf = folder;
    this.#numbers = new Map(layers.flatMap((diffIds, k) => diffIds.map((diffId) => [diffId, k] as const)));
  }

  /** @throws Error if the layer has no record. */
  record(diffId: DiffId): Promise<LayerRecord> {
    const known =
      this.#read.get(diffId) ?? readLayerRecord(this.#places.recordOf(this.#number(diffId)), diffId);
    this.#read.set(diffId, known);
    return known;
  }

  async facts(diffIds: readonly DiffId[]): Promise<LayerFacts[]> {
    const records = await Promise.all(diffIds.map((diffId) => this.record(diffId)));
    return records.map(({ size, whiteouts, hasXattrs }) => ({
      size,
      hides: whiteouts.length > 0,
      hasXattrs,
    }));
  }

  async usage(diffId: DiffId): Promise<Usage> {
    return this.#numbers.has(diffId)
      ? (await this.record(diffId)).usage
      : (await measureTree(`${this.#shelf}/${onShelf.layerFiles(diffId)}`)).usage;
  }

  async files(diffId: DiffId): Promise<string> {
    const k = this.#numbers.get(diffId);
    if (k === undefined) return shelvedLayers(this.#shelf).files(diffId);
    const path = `${this.#places.layerOf(k)}/${shelf}/${onShelf.layerFiles(diffId)}`;
    if (!(await lstat(path).catch(() => undefined))) throw new Error(`the step lacks the files of ${diffId}`);
    return path;
  }

  async whiteouts(diffId: DiffId) {
    return this.#numbers.has(diffId)
      ? (await this.record(diffId)).whiteouts
      : shelvedLayers(this.#shelf).whiteouts(diffId);
  }

  #number(diffId: DiffId): number {
    const k = this.#numbers.get(diffId);
    if (k === undefined) throw new Error(`the layer ${diffId} has no record`);
    return k;
  }
}
