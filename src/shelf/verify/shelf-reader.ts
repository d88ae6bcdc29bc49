import type { ByteString } from "../../files/bytes.js";
import type { TarMember } from "../../files/read-tar.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { onShelf, shelf } from "../paths.js";
import { showPath } from "../whiteouts.js";
import type { ContentSums } from "./content-sums.js";
import type { Fault, Findings } from "./findings.js";
import type { ImageToVerify } from "./image-to-verify.js";
import { LayerCheck } from "./layer-check.js";
import { LayerProofs } from "./layer-proofs.js";
import { MergedView } from "./merged-view.js";
import { readOuterLayer, readShelfFile } from "./outer-layers.js";
import { readBlob } from "./read-blob.js";
import type { ShelfContents, ShelfFile, ShelvedBlob } from "./shelf-contents.js";
import { classify } from "./shelf-paths.js";
import { ShelvedLayer } from "./shelved-layer.js";
import type { Spool } from "./spool.js";

/** A shelf's own file is small. An image that comes from anywhere must not fill the memory. */
const maxFile = 256 << 20;
/** A shim is smaller, and a daemon is larger. */
const maxShim = 10_000;

/** The layers that are read: all of them first, then those with faults again. */
export type OnOuterLayer = (read: {
  readonly done: number;
  readonly of: number;
  readonly again: boolean;
}) => void;

/** The contents of these layers' files are still to be compared. */
const isOpen: ReadonlySet<NonNullable<ShelvedLayer["result"]>> = new Set([
  "wrong digest",
  "other files",
  "lost content",
]);

/**
 * Reads a system image from its top layer down. The catalog lies above the inner layers, so their proofs are known when
 * their files come, and each outer layer is read once. Only for inner layers with faults it is read again.
 */
export class ShelfReader implements ShelfContents {
  readonly files = new Map<ByteString, ShelfFile>();
  readonly outside = new Map<ByteString, ShelfFile>();
  readonly layers = new Map<DiffId, ShelvedLayer>();
  readonly blobs = new Map<Digest, ShelvedBlob>();
  readonly #image: ImageToVerify;
  readonly #findings: Findings;
  readonly #onLayer: OnOuterLayer;
  readonly #proofs: LayerProofs;
  readonly #view = new MergedView();
  /** Layers whose files came before their proof: somebody has changed them. */
  readonly #late = new Set<DiffId>();
  /** Numbers of outer layers that are cut off. */
  readonly #broken = new Set<number>();

  constructor(image: ImageToVerify, findings: Findings, spool: Spool, onLayer: OnOuterLayer) {
    this.#image = image;
    this.#findings = findings;
    this.#onLayer = onLayer;
    this.#proofs = new LayerProofs(findings, spool);
  }

  async read(): Promise<void> {
    const { length } = this.#image.layers;
    for (let outer = length; outer > 0; outer--) {
      this.#onLayer({ done: length - outer, of: length, again: false });
      this.#view.enter(outer);
      await this.#readOuter(outer);
      this.#proofs.addRecords(this.files);
      for (const layer of this.layers.values()) if (layer.check?.isComplete) await this.#finish(layer);
    }
    await this.#checkLate();
    for (const layer of this.layers.values()) await this.#finish(layer);
    await this.#findContents();
  }

  async #readOuter(outer: number): Promise<void> {
    const layer = this.#image.layers[outer - 1];
    if (!layer) return;
    try {
      const found = await readOuterLayer(this.#image, outer - 1, (path, member) =>
        this.#take(path, member, outer),
      );
      if (found === layer.diffId) return;
      this.#findings.fault({ outer }, `has the diffID ${found}, should have ${layer.diffId}`);
    } catch (error) {
      this.#broken.add(outer);
      this.#findings.fault({ outer }, `is no whole tar: ${(error as Error).message}`);
    }
  }

  async #take(path: ByteString, member: TarMember, outer: number): Promise<void> {
    if (this.#view.takeWhiteout(path)) return;
    const place = classify(path);
    if (place.kind === "other") return;
    const state = this.#view.take(path, member.entry.kind === "directory");
    if (state === "twice") {
      const where = { outer, path: `/${showPath(path)}` };
      this.#findings.fault(where, "is twice in its outer layer, should be there once");
    }
    if (state !== "visible") return;
    switch (place.kind) {
      case "layer":
        return this.#takeLayerFile(place.diffId, place.path, member, outer);
      case "blob":
        return this.#takeBlob(place.digest, member, outer);
      case "shelf":
        this.files.set(path, await readShelfFile(member, outer, maxFile));
        return;
      case "outside":
        this.outside.set(path, await readShelfFile(member, outer, maxShim));
        return;
      case "above":
        return;
    }
  }

  async #takeLayerFile(diffId: DiffId, path: ByteString, member: TarMember, outer: number): Promise<void> {
    const layer = this.layers.get(diffId) ?? new ShelvedLayer(diffId);
    this.layers.set(diffId, layer);
    layer.count(member.entry, outer);
    if (layer.result !== undefined) {
      this.#findings.fault(inLayer(diffId, path, outer), "is not in the layer, should not be there");
      return;
    }
    if (!layer.check && !this.#late.has(diffId)) await this.#startCheck(layer);
    if (layer.check) await layer.check.take(path, member, outer);
    else this.#late.add(diffId);
  }

  async #startCheck(layer: ShelvedLayer): Promise<void> {
    const proof = await this.#proofs.of(layer.diffId);
    if (!proof) return;
    layer.describe(proof.tree);
    layer.check = new LayerCheck(layer.diffId, proof, this.#findings);
  }

  async #takeBlob(digest: Digest, { entry, content }: TarMember, outer: number): Promise<void> {
    const where = { outer, path: `/${shelf}/${onShelf.blob(digest)}` };
    if (entry.kind !== "file") {
      this.#findings.fault(where, `is a ${entry.kind}, should be a file`);
      return;
    }
    const blob = await readBlob(content, this.#proofs.needsTree(digest, this.files));
    const { diffId, tree } = blob;
    this.blobs.set(digest, { entry, outer, ...(diffId !== undefined && { diffId }) });
    if (blob.digest !== digest)
      this.#findings.fault(where, `has the digest ${blob.digest}, should have ${digest}`);
    else if (blob.error !== undefined) this.#findings.fault(where, `cannot be unpacked: ${blob.error}`);
    if (tree && diffId !== undefined) this.#proofs.addTree(diffId, tree);
  }

  async #checkLate(): Promise<void> {
    const late = [...this.layers.values()].filter(({ diffId }) => this.#late.has(diffId));
    for (const layer of late) await this.#startCheck(layer);
    await this.#again(
      late.filter(({ check }) => check !== undefined),
      (layer, path, member, outer) => layer.check?.take(path, member, outer),
    );
  }

  /** No more files of the layer come. */
  async #finish(layer: ShelvedLayer): Promise<void> {
    const { check, diffId } = layer;
    if (layer.result !== undefined) return;
    const cutOff = [...layer.outers].find((outer) => this.#broken.has(outer));
    layer.check = undefined;
    if (cutOff !== undefined) {
      layer.result = "cut off";
      this.#findings.fault(
        { outer: cutOff, layer: diffId },
        "is not whole, since its outer layer is cut off",
      );
      return;
    }
    layer.result = await (check?.finish() ?? "unproven");
  }

  /** Names the files with other contents, where the digest of a layer does not come out. */
  async #findContents(): Promise<void> {
    const sums = new Map<DiffId, ContentSums>();
    for (const { diffId, result } of this.layers.values()) {
      if (result === undefined || !isOpen.has(result)) continue;
      const found = await this.#proofs.sumsOf(diffId);
      if (found) sums.set(diffId, found);
    }
    const named = new Set<DiffId>();
    const layers = [...this.layers.values()].filter(({ diffId }) => sums.has(diffId));
    await this.#again(layers, async ({ diffId }, path, member, outer) => {
      if (!(await sums.get(diffId)?.differs(path, member))) return;
      named.add(diffId);
      this.#findings.fault(inLayer(diffId, path, outer), "has another content than in the layer");
    });
    for (const { diffId, result, outers } of this.layers.values()) {
      if (result !== "wrong digest" || named.has(diffId)) continue;
      const where = { outer: [...outers][0], layer: diffId };
      this.#findings.fault(where, "its files and Docker's record of its tar do not give its digest");
    }
  }

  /** Reads the visible files of these layers again. */
  async #again(
    layers: readonly ShelvedLayer[],
    take: (
      layer: ShelvedLayer,
      path: ByteString,
      member: TarMember,
      outer: number,
    ) => Promise<void> | undefined,
  ): Promise<void> {
    const wanted = new Map(layers.map((layer) => [layer.diffId, layer]));
    const outers = [...new Set(layers.flatMap((layer) => [...layer.outers]))]
      .filter((outer) => !this.#broken.has(outer))
      .sort((a, b) => b - a);
    for (const [done, outer] of outers.entries()) {
      this.#onLayer({ done, of: outers.length, again: true });
      await readOuterLayer(this.#image, outer - 1, async (path, member) => {
        if (this.#view.layerOf(path) !== outer) return;
        const place = classify(path);
        const layer = place.kind === "layer" ? wanted.get(place.diffId) : undefined;
        if (layer && place.kind === "layer") await take(layer, place.path, member, outer);
      });
    }
  }
}

/** @param path in the layer. */
function inLayer(diffId: DiffId, path: ByteString, outer: number): Omit<Fault, "what"> {
  const below = path === "" ? "" : `/${showPath(path)}`;
  return { outer, layer: diffId, path: `/${shelf}/${onShelf.layerFiles(diffId)}${below}` };
}
