import { pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { LarderError } from "../../error.js";

const gzip = Buffer.from([0x1f, 0x8b]);
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * The uncompressed tar of a blob. Its first bytes tell the compression: media types may be wrong, and engines do not
 * look at them either. An error of the source or of the compression becomes one of the stream that is returned.
 * @param what names the layer in errors.
 */
export async function uncompressed(blob: Readable, what: string): Promise<Readable> {
  const chunks = blob[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let start = Buffer.alloc(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    start = Buffer.concat([start, next.value]);
    if (start.length >= 4) break;
  }
  const whole = Readable.from(continued(start, chunks), { objectMode: false });
  const decompressor = chooseDecompressor(start.subarray(0, 4), what);
  // An error of either stream destroys the other one with it.
  return decompressor ? pipeline(whole, decompressor, () => {}) : whole;
}

async function* continued(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    // Closes the source if the reader needs no more of it.
    await rest.return?.();
  }
}

function chooseDecompressor(start: Buffer, what: string): zlib.Gunzip | undefined {
  if (start.subarray(0, 2).equals(gzip)) return zlib.createGunzip({ chunkSize: 1 << 18 });
  // zstd:chunked may begin with a frame that decompresses to nothing.
  const isSkippable = start.length === 4 && start.readUInt32LE() >>> 4 === 0x184d2a5;
  if (!start.equals(zstd) && !isSkippable) return undefined;
  // Node has it from 22.15 on.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => zlib.Gunzip };
  if (createZstdDecompress) return createZstdDecompress();
  throw new LarderError(`${what}: it is compressed by zstd, which needs Node 22.15 or later`);
}
