import { createHash } from "node:crypto";
import type { DiffId } from "../../image/digest.js";
import { fileType, nameOf, segmentType } from "../../stores/overlay2/tar-entries.js";
import type { ExpectedTree, LayerFile } from "./expected-tree.js";
import type { Spool, Spooled } from "./spool.js";
import { TarSplitReader } from "./tar-split-record.js";

/**
 * The digest of a layer's tar from Docker's record of it and from the files on the shelf. The record has all bytes of
 * the tar but the contents. They come in the order of the outer layer, mostly that of the tar; a content that comes
 * too early waits in the spool.
 */
export class Rebuild {
  readonly #record: TarSplitReader;
  readonly #tree: ExpectedTree;
  readonly #spool: Spool;
  readonly #hash = createHash("sha256");
  readonly #early = new Map<LayerFile, Spooled>();
  /** The content that comes next in the tar; undefined at its end. */
  #wanted: LayerFile | undefined;
  #started = false;
  /** A content is missing or has another size, so that there is no digest. */
  #failed = false;

  constructor(record: Buffer, tree: ExpectedTree, spool: Spool) {
    this.#record = new TarSplitReader(record);
    this.#tree = tree;
    this.#spool = spool;
  }

  /** Takes the content of a file, once. @param size of the content. */
  async give(file: LayerFile, size: number, content: AsyncIterable<Buffer>): Promise<void> {
    if (!this.#started) await this.#advance();
    this.#started = true;
    if (size !== file.size) this.#failed = true;
    if (this.#failed) return;
    if (this.#wanted !== file) {
      this.#early.set(file, await this.#spool.put(content));
      return;
    }
    for await (const chunk of content) this.#hash.update(chunk);
    await this.#advance();
  }

  /** @returns the digest, or undefined if contents are missing. @throws Error for a broken record. */
  async finish(): Promise<DiffId | undefined> {
    if (!this.#started) await this.#advance();
    await this.#record.close();
    return this.#failed || this.#wanted ? undefined : `sha256:${this.#hash.digest("hex")}`;
  }

  /** Goes on to the next content that is not there yet. */
  async #advance(): Promise<void> {
    this.#wanted = undefined;
    for (let part = await this.#record.next(); part !== undefined; part = await this.#record.next()) {
      if (part.type === segmentType) this.#hash.update(Buffer.from(part.payload ?? "", "base64"));
      if (part.type !== fileType || !part.size) continue;
      const place = this.#tree.place(nameOf(part));
      const file = place === undefined ? undefined : this.#tree.files.get(place);
      if (!file || file.size !== part.size) {
        this.#failed = true;
        return;
      }
      const early = this.#early.get(file);
      if (!early) {
        this.#wanted = file;
        return;
      }
      for await (const chunk of this.#spool.read(early)) this.#hash.update(chunk);
      this.#early.delete(file);
    }
  }
}
