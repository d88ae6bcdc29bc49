import assert from "node:assert/strict";
import { once } from "node:events";
import fc from "fast-check";
import hpack from "hpack.js";
import { frameFlag, frameType, headerFragment, splitFrames } from "./http2-frames.js";
import { LongValues } from "./long-values.js";

interface Field {
  readonly name: string;
  readonly value: string;
}

const frameSize = 16 * 1024;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A peer as Go's: Huffman-coded values, a dynamic table, blocks in frames of 16 KiB. */
class Peer {
  readonly #compressor = hpack.compressor.create({ table: { size: 4096 } });

  headers(stream: number, fields: readonly Field[], endStream = false): Buffer {
    this.#compressor.write(fields);
    const block = this.#compressor.read();
    const count = Math.max(Math.ceil(block.length / frameSize), 1);
    const frames = Array.from({ length: count }, (_, index) => {
      const last = index === count - 1 ? frameFlag.endHeaders : 0;
      const end = index === 0 && endStream ? frameFlag.endStream : 0;
      const part = block.subarray(index * frameSize, (index + 1) * frameSize);
      return frame(index === 0 ? frameType.headers : frameType.continuation, last | end, stream, part);
    });
    return Buffer.concat(frames);
  }
}

/** What Node would read: the fields of each header block, and other frames as they are. */
function read(bytes: Buffer): (Field[] | Buffer)[] {
  const decompressor = hpack.decompressor.create({ table: { size: 4096 } });
  const { frames, rest } = splitFrames(bytes);
  assert.equal(rest.length, 0, "the stream ends in mid-frame");
  return frames.map((one) => {
    if (one.type !== frameType.headers) return one.bytes;
    assert.ok(one.flags & frameFlag.endHeaders);
    decompressor.write(headerFragment(one));
    decompressor.execute();
    const fields: Field[] = [];
    for (let field = decompressor.read(); field; field = decompressor.read()) {
      fields.push({ name: field.name, value: field.value });
    }
    return fields;
  });
}

async function filter(chunks: readonly Buffer[]): Promise<{ values: LongValues; bytes: Buffer }> {
  const values = new LongValues();
  const out: Buffer[] = [];
  values.on("data", (chunk: Buffer) => out.push(chunk));
  for (const chunk of chunks) values.write(chunk);
  values.end();
  await once(values, "end");
  return { values, bytes: Buffer.concat(out) };
}

const status: Field[] = [
  { name: ":status", value: "200" },
  { name: "content-type", value: "application/grpc" },
];
const long = (length: number): string => "aZ09+/".repeat(length / 6 + 1).slice(0, length);
const data = frame(0, 0, 1, Buffer.from("data"));

describe("LongValues", function () {
  // A busy machine takes its time.
  this.timeout(20_000);

  it("leaves a stream of short values what it means", async () => {
    const peer = new Peer();
    const trailer = [{ name: "grpc-status", value: "0" }];
    const settings = frame(4, 0, 0, Buffer.alloc(0));
    const chunks = [settings, peer.headers(1, status), data, peer.headers(1, trailer, true)];
    const { bytes } = await filter(chunks);
    assert.deepEqual(read(bytes), [settings, status, data, trailer]);
    const flags = splitFrames(bytes).frames.map((one) => one.flags & frameFlag.endStream);
    assert.deepEqual(flags, [0, 0, 0, frameFlag.endStream]);
  });

  it("puts tokens for long values, and gives them back", async () => {
    const peer = new Peer();
    const [one, two] = [long(200_000), long(30_000)];
    const trailer = (value: string) => [
      { name: "grpc-status", value: "2" },
      { name: "grpc-status-details-bin", value },
      { name: "grpc-message", value: "short" },
    ];
    const { values, bytes } = await filter([
      peer.headers(1, status),
      peer.headers(1, trailer(one), true),
      peer.headers(3, status),
      peer.headers(3, trailer(two), true),
    ]);
    const tokens = ["larder000000", "larder000001"];
    assert.deepEqual(read(bytes), [status, trailer(tokens[0] ?? ""), status, trailer(tokens[1] ?? "")]);
    assert.ok(values.restore("larder000000") === one);
    assert.ok(values.restore("larder000001") === two);
    for (const other of ["larder000002", "larder", "x larder000000", ""])
      assert.equal(values.restore(other), other);
  });

  it("keeps values that are just short enough", async () => {
    const trailer = [{ name: "x", value: long(16 * 1024) }];
    const { bytes } = await filter([new Peer().headers(1, trailer)]);
    assert.deepEqual(read(bytes), [trailer]);
  });

  it("reads padded blocks with a priority", async () => {
    const plain = splitFrames(new Peer().headers(1, status)).frames[0];
    assert.ok(plain);
    const payload = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 7]), plain.payload, Buffer.alloc(3)]);
    const flags = frameFlag.endHeaders | frameFlag.padded | frameFlag.priority;
    const { bytes } = await filter([frame(frameType.headers, flags, 1, payload)]);
    assert.deepEqual(read(bytes), [status]);
  });

  it("does not mind where the chunks end", async () => {
    const peer = new Peer();
    const trailer = [{ name: "grpc-status-details-bin", value: long(17_000) }];
    const stream = Buffer.concat([peer.headers(1, status), data, peer.headers(1, trailer, true), data]);
    const { bytes: expected } = await filter([stream]);
    const cuts = fc.uniqueArray(fc.nat(stream.length), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const ends = [...places.sort((a, b) => a - b), stream.length];
        const chunks = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
        assert.ok((await filter(chunks)).bytes.equals(expected));
      }),
      { numRuns: 30 },
    );
  });
});
