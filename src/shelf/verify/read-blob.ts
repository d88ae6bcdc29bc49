import { createHash } from "node:crypto";
import type { DiffId, Digest } from "../../image/digest.js";
import { decompress } from "./decompress.js";
import { LayerTree } from "./layer-tree.js";
import { readTar } from "./read-tar.js";

export interface ReadBlob {
  readonly digest: Digest;
  /** Absent: it is damaged. */
  readonly diffId?: DiffId;
  readonly tree?: LayerTree;
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

async function readTree(tar: AsyncIterable<Buffer>): Promise<LayerTree> {
  const tree = new LayerTree();
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

async function* hashed(
  stream: AsyncIterable<Buffer>,
  hash: { update(chunk: Buffer): unknown },
): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
}
