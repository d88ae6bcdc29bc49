import { createHash } from "node:crypto";
import { decompress } from "../../files/decompress.js";
import { readTar } from "../../files/read-tar.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { ExpectedTree } from "./expected-tree.js";
import { hashed } from "./outer-layers.js";

export interface ReadBlob {
  readonly digest: Digest;
  /** Absent: it is damaged. */
  readonly diffId?: DiffId;
  readonly tree?: ExpectedTree;
  readonly error?: string;
}

/** @param wantsTree The layer has no other proof. */
export async function readBlob(content: AsyncIterable<Buffer>, wantsTree: boolean): Promise<ReadBlob> {
  const [hash, unpackedHash] = [createHash("sha256"), createHash("sha256")];
  const tar = hashed(decompress(hashed(content, hash)), unpackedHash);
  try {
    const tree = wantsTree ? await readTree(tar) : undefined;
    for await (const _ of tar);
    const diffId = `sha256:${unpackedHash.digest("hex")}`;
    return { digest: `sha256:${hash.digest("hex")}`, diffId, ...(tree && { tree }) };
  } catch (error) {
    // Its digest tells whether the registry has it like this.
    for await (const chunk of content) hash.update(chunk);
    return { digest: `sha256:${hash.digest("hex")}`, error: (error as Error).message };
  }
}

async function readTree(tar: AsyncIterable<Buffer>): Promise<ExpectedTree> {
  const tree = new ExpectedTree();
  for await (const { entry, content } of readTar(tar)) {
    if (entry.kind !== "file") {
      tree.add(entry);
      continue;
    }
    const hash = createHash("sha256");
    for await (const chunk of content) hash.update(chunk);
    tree.add(entry, hash.digest("hex"));
  }
  tree.finish();
  return tree;
}
