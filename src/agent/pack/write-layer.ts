import { createHash } from "node:crypto";
import { open, rename, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { DiffId, Digest } from "../../image/digest.js";
import { blobFile } from "../../image/oci-layout.js";

/** The facts of a written layer. */
export interface WrittenLayer {
  readonly diffId: DiffId;
  /** Digest of the compressed layer. */
  readonly digest: Digest;
  readonly size: number;
}

/** BuildKit uses this level, too. */
const level = 6;

/** Compresses a tar into a blob of a layout. */
export async function writeLayer(layout: string, tar: AsyncIterable<Buffer>): Promise<WrittenLayer> {
  const unfinished = `${layout}/layer`;
  // The file is opened here: a stream might open its own file after the tar has failed.
  const file = await open(unfinished, "w");
  const [uncompressed, compressed] = [createHash("sha256"), createHash("sha256")];
  await pipeline(
    tar,
    hashed(uncompressed),
    createGzip({ level }),
    hashed(compressed),
    file.createWriteStream(),
  );
  const digest = `sha256:${compressed.digest("hex")}`;
  const { size } = await stat(unfinished);
  await rename(unfinished, blobFile(layout, digest));
  return { diffId: `sha256:${uncompressed.digest("hex")}`, digest, size };
}

function hashed(hash: ReturnType<typeof createHash>) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
}
