import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * The uncompressed bytes of a blob. Its first bytes tell the compression: media types may be wrong, and engines do not
 * look at them either. The blob's stream is closed if the reader needs no more of it.
 * @throws Error while it is read, if the blob is damaged.
 */
export async function* decompress(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const chunks = blob[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 4) {
    const { value, done } = await chunks.next();
    if (done) break;
    start = Buffer.concat([start, value]);
  }
  const whole = continued(start, chunks);
  if (start.subarray(0, 2).equals(gzipMagic)) yield* gunzip(whole);
  else if (start.subarray(0, 4).equals(zstdMagic) || isSkippable(start)) yield* unzstd(whole);
  else yield* whole;
}

async function* continued(start: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    yield start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield Buffer.from(next.value);
  } finally {
    await rest.return?.();
  }
}

/** zstd:chunked and eStargz may begin with frames that decompress to nothing. */
function isSkippable(start: Buffer): boolean {
  return start.length >= 4 && start.readUInt32LE() >>> 4 === 0x184d2a5;
}

async function* gunzip(blob: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // An error of either stream destroys the other one with it.
  yield* pipeline(Readable.from(blob), createGunzip({ chunkSize: 1 << 18 }), () => {});
}

/** Node 20 has no zstd of its own. */
async function* unzstd(blob: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let unpacked: Buffer[] = [];
  const stream = new Decompress((chunk) => unpacked.push(Buffer.from(chunk)));
  for await (const chunk of blob) {
    stream.push(chunk);
    yield* unpacked;
    unpacked = [];
  }
  stream.push(new Uint8Array(0), true);
  yield* unpacked;
}
