import type { ByteString } from "../../files/bytes.js";
import type { TarMember } from "../../files/read-tar.js";
import { crc64 } from "./crc64.js";
import type { ExpectedTree } from "./expected-tree.js";
import { checksumsOf, treeOfRecord } from "./tar-split-record.js";

/** Tells which contents of a layer have changed, if its digest does not come out: Docker's record has their CRCs. */
export class ContentSums {
  readonly #tree: ExpectedTree;
  readonly #sums: ReadonlyMap<string, string>;

  private constructor(tree: ExpectedTree, sums: ReadonlyMap<string, string>) {
    this.#tree = tree;
    this.#sums = sums;
  }

  static async read(record: Buffer): Promise<ContentSums> {
    const tree = await treeOfRecord(record);
    return new ContentSums(tree, await checksumsOf(record, tree));
  }

  /** Has the file another content, but the same size? @param path in the layer. */
  async differs(path: ByteString, { entry, content }: TarMember): Promise<boolean> {
    const file = this.#tree.files.get(path);
    const sum = file && this.#sums.get(file.path);
    if (sum === undefined || entry.kind !== "file" || entry.size !== file?.size) return false;
    return (await crc64(content)) !== sum;
  }
}
