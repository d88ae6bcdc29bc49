import { createHash } from "node:crypto";
import type { ByteString } from "../../files/bytes.js";
import type { TarMember } from "../../files/read-tar.js";
import type { TarEntry } from "../../files/tar-entry.js";
import type { DiffId } from "../../image/digest.js";
import { cleanPath } from "../layer-names.js";
import { onShelf, shelf } from "../paths.js";
import { showPath } from "../whiteouts.js";
import { differences } from "./compare-file.js";
import { type ExpectedTree, impliedDirectory, type LayerFile } from "./expected-tree.js";
import type { Fault, Findings } from "./findings.js";
import type { Rebuild } from "./rebuild.js";

/** What is known of an inner layer from its tar. */
export interface LayerProof {
  readonly tree: ExpectedTree;
  /** Absent: the tree has digests of the contents, since the layer's blob was read. */
  readonly rebuild?: Rebuild;
}

/**
 * `other files`: faults of single files explain that the layer's digest cannot come out. `wrong digest`: no such fault.
 * `lost content`: it cannot come out of any files.
 */
export type LayerResult = "proven" | "other files" | "wrong digest" | "lost content";

/** Compares the visible files of one inner layer with those of its tar. */
export class LayerCheck {
  readonly diffId: DiffId;
  readonly #proof: LayerProof;
  readonly #findings: Findings;
  /** The entries with the contents. */
  readonly #contents = new Map<LayerFile, { readonly path: ByteString; readonly outer: number }>();
  readonly #found = new Set<ByteString>();
  /** A file of this layer is different in a way that explains another digest. */
  #explained = false;
  #outer = 0;

  constructor(diffId: DiffId, proof: LayerProof, findings: Findings) {
    this.diffId = diffId;
    this.#proof = proof;
    this.#findings = findings;
  }

  get folder(): string {
    return `${shelf}/${onShelf.layerFiles(this.diffId)}`;
  }

  /** @param path in the layer; empty for the folder itself. @param outer the number of the outer layer. */
  async take(path: ByteString, { entry, content }: TarMember, outer: number): Promise<void> {
    this.#outer = outer;
    const expected = path === "" ? impliedDirectory("") : this.#proof.tree.files.get(path);
    if (!expected) {
      if (!this.#proof.tree.outside.has(path)) this.#fault(path, "is not in the layer, should not be there");
      return;
    }
    this.#found.add(path);
    for (const difference of differences(entry, expected)) this.#fault(path, difference);
    if (entry.kind === "hard link") this.#compareLink(path, entry, expected);
    else if (hasContent(expected) || expected.names > 1)
      await this.#compareContent(path, entry, content, expected);
  }

  /** Each file of the layer has come. */
  get isComplete(): boolean {
    return this.#found.size === this.#proof.tree.files.size + 1;
  }

  /** No more files come. @throws Error for a broken record. */
  async finish(): Promise<LayerResult> {
    const { tree, rebuild } = this.#proof;
    for (const [path, file] of tree.files) {
      if (this.#found.has(path)) continue;
      if (hasContent(file)) this.#explained = true;
      const what = file.kind === "sparse file" ? "file" : file.kind;
      this.#findings.fault(this.#where(path, undefined), `is missing, should be a ${what}`);
    }
    if (!rebuild) return this.#explained ? "other files" : "proven";
    const rebuilt = await rebuild.finish();
    if (rebuilt === this.diffId) return "proven";
    for (const path of tree.lost) {
      const what =
        "has two entries in the layer, and no file has the content of the first: the digest is not proven";
      this.#findings.note(this.#where(path, undefined), what);
    }
    if (tree.lost.size > 0 && !this.#explained) return "lost content";
    return rebuilt === undefined && this.#explained ? "other files" : "wrong digest";
  }

  #compareLink(path: ByteString, { linkName }: TarEntry, expected: LayerFile): void {
    const prefix = `${this.folder}/`;
    const link = cleanPath(linkName) ?? "";
    const target = link.startsWith(prefix) ? link.slice(prefix.length) : undefined;
    if (target === undefined) {
      this.#fault(path, `is a hard link to /${showPath(link)}, should be one in the layer`);
    } else if (this.#proof.tree.files.get(target) !== expected) {
      this.#fault(path, `is a hard link to ${showPath(target)}, should be ${describeNames(path, expected)}`);
    } else if (this.#contents.get(expected)?.outer !== this.#outer) {
      this.#fault(
        path,
        `is no longer the same file as ${showPath(target)}, which another outer layer has anew`,
      );
    }
  }

  async #compareContent(
    path: ByteString,
    entry: TarEntry,
    content: AsyncIterable<Buffer>,
    expected: LayerFile,
  ): Promise<void> {
    const other = this.#contents.get(expected);
    if (other !== undefined) {
      this.#fault(path, `is a separate file, should be a hard link to ${showPath(other.path)}`);
      return;
    }
    this.#contents.set(expected, { path, outer: this.#outer });
    if (entry.kind !== "file" || !hasContent(expected)) {
      if (hasContent(expected)) this.#explained = true;
      return;
    }
    if (entry.size !== expected.size) this.#explained = true;
    if (expected.content !== undefined) {
      const hash = createHash("sha256");
      for await (const chunk of content) hash.update(chunk);
      // Another size is a fault already.
      if (entry.size === expected.size && hash.digest("hex") !== expected.content) {
        this.#explained = true;
        this.#fault(path, "has another content than in the layer");
      }
    }
    if (expected.size > 0 || entry.size > 0) await this.#proof.rebuild?.give(expected, entry.size, content);
  }

  #fault(path: ByteString, what: string): void {
    this.#findings.fault(this.#where(path, this.#outer), what);
  }

  #where(path: ByteString, outer: number | undefined): Omit<Fault, "what"> {
    return { outer, layer: this.diffId, path: `/${this.folder}${path === "" ? "" : `/${showPath(path)}`}` };
  }
}

function describeNames(path: ByteString, file: LayerFile): string {
  return file.names > 1 && file.path !== path ? `one to ${showPath(file.path)}` : "a file of its own";
}

function hasContent({ kind }: LayerFile): boolean {
  return kind === "file" || kind === "sparse file";
}
