import type { ByteString } from "../../files/bytes.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { isObject } from "../../is-object.js";
import { onShelf, shelf } from "../paths.js";
import { ContentSums } from "./content-sums.js";
import type { ExpectedTree } from "./expected-tree.js";
import type { Findings } from "./findings.js";
import type { LayerProof } from "./layer-check.js";
import { Rebuild } from "./rebuild.js";
import type { ShelfFile } from "./shelf-contents.js";
import type { Spool } from "./spool.js";
import { treeOfRecord } from "./tar-split-record.js";

const records = onShelf.tarRecords.map((folder) => `${shelf}/${folder}/`);
const model = `${shelf}/${onShelf.catalog("containerd")}/catalog.json`;

/** What the image has to prove its inner layers: Docker's records of their tars, or the trees of their blobs. */
export class LayerProofs {
  readonly #findings: Findings;
  readonly #spool: Spool;
  /** Gzipped, as in the catalog. */
  readonly #records = new Map<DiffId, Buffer>();
  readonly #trees = new Map<DiffId, ExpectedTree>();
  readonly #broken = new Set<DiffId>();
  #uncompressed: ReadonlyMap<Digest, DiffId> | undefined;

  constructor(findings: Findings, spool: Spool) {
    this.#findings = findings;
    this.#spool = spool;
  }

  addTree(diffId: DiffId, tree: ExpectedTree): void {
    this.#trees.set(diffId, tree);
  }

  /** Docker's records are files of the catalog, each beside the diffID of its layer. */
  addRecords(files: ReadonlyMap<ByteString, ShelfFile>): void {
    for (const [path, { content }] of files) {
      if (!path.endsWith("/tar-split") || !content) continue;
      if (!records.some((folder) => path.startsWith(folder))) continue;
      const diffId = files.get(`${path.slice(0, -"tar-split".length)}diff`)?.content?.toString("latin1");
      if (diffId !== undefined && !this.#records.has(diffId) && !this.#broken.has(diffId))
        this.#records.set(diffId, content);
    }
  }

  /** Must the files in a blob prove its layer? The catalog says which layer it is: a hint, which is checked later. */
  needsTree(blob: Digest, files: ReadonlyMap<ByteString, ShelfFile>): boolean {
    const { content } = files.get(model) ?? {};
    this.#uncompressed ??= content && readUncompressed(content);
    const diffId = this.#uncompressed?.get(blob);
    return diffId === undefined || !this.#records.has(diffId);
  }

  /** @returns undefined if the image has no proof of the layer, up to now. */
  async of(diffId: DiffId): Promise<LayerProof | undefined> {
    const known = this.#trees.get(diffId);
    if (known) return { tree: known };
    const record = this.#records.get(diffId);
    if (!record) return undefined;
    try {
      const tree = await treeOfRecord(record);
      return { tree, rebuild: new Rebuild(record, tree, this.#spool) };
    } catch (error) {
      this.brokenRecord(diffId, error as Error);
      return undefined;
    }
  }

  brokenRecord(diffId: DiffId, { message }: Error): void {
    this.#findings.fault({ layer: diffId }, `Docker's record of its tar is broken: ${message}`);
    this.#records.delete(diffId);
    this.#broken.add(diffId);
  }

  /** Undefined: the blob's files tell already which content is another. */
  async sumsOf(diffId: DiffId): Promise<ContentSums | undefined> {
    const record = this.#records.get(diffId);
    return record && !this.#trees.has(diffId) ? ContentSums.read(record) : undefined;
  }
}

/** DiffIDs by the digests of blobs, in containerd's catalog. */
function readUncompressed(text: Buffer): ReadonlyMap<Digest, DiffId> {
  try {
    const { blobs } = JSON.parse(text.toString("utf8")) as { blobs?: unknown };
    const labelled = (Array.isArray(blobs) ? blobs : []).filter(isObject).map(({ digest, labels }) => {
      return [String(digest), String(isObject(labels) ? labels["containerd.io/uncompressed"] : "")] as const;
    });
    return new Map(labelled);
  } catch {
    return new Map();
  }
}
