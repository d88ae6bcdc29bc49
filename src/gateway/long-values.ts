/**
 * Node's HTTP/2 client goes silent when a header value is longer than 64 KiB on the wire (a constant of
 * nghttp2). BuildKit sends the whole Dockerfile, more than once, in the trailer of a failed RPC, so a
 * Dockerfile of some 10 kB that fails would hang. This filter sits between the daemon and Node: it takes
 * long values out of the header blocks, keeps them, and leaves a short token in their place.
 */
import { Transform, type TransformCallback } from "node:stream";
import hpack from "hpack.js";
import {
  type Frame,
  frameFlag,
  frameType,
  headerFragment,
  headersFrame,
  splitFrames,
} from "./http2-frames.js";

/** Longer values are taken out, in characters; far below the limit, far above any other value. */
const longestValue = 16 * 1024;
/** What HPACK peers start from when nobody sends SETTINGS_HEADER_TABLE_SIZE; Node does not. */
const dynamicTableSize = 4096;

interface HeaderBlock {
  readonly stream: number;
  readonly endStream: boolean;
  readonly fragments: Buffer[];
}

export class LongValues extends Transform {
  readonly #kept: string[] = [];
  readonly #decompressor = hpack.decompressor.create({ table: { size: dynamicTableSize } });
  #pending = Buffer.alloc(0);
  #block: HeaderBlock | undefined;

  /** The value that a token stands for; any other text is itself. Tokens are base64, as `-bin` values are. */
  restore(value: string): string {
    const index = /^larder([0-9]{6})$/.exec(value)?.[1];
    return index === undefined ? value : (this.#kept[Number(index)] ?? value);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      const { frames, rest } = splitFrames(Buffer.concat([this.#pending, chunk]));
      this.#pending = Buffer.from(rest);
      for (const frame of frames) this.#frame(frame);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #frame(frame: Frame): void {
    if (frame.type === frameType.headers) {
      this.#block = {
        stream: frame.stream,
        endStream: (frame.flags & frameFlag.endStream) !== 0,
        fragments: [headerFragment(frame)],
      };
    } else if (frame.type === frameType.continuation && this.#block) {
      this.#block.fragments.push(headerFragment(frame));
    } else {
      this.push(frame.bytes);
      return;
    }
    if (frame.flags & frameFlag.endHeaders) {
      const { stream, endStream, fragments } = this.#block;
      this.#block = undefined;
      this.push(headersFrame(stream, endStream, this.#rewrite(Buffer.concat(fragments))));
    }
  }

  /** Every block is decoded, long or not: HPACK's dynamic table is one state for the whole connection. */
  #rewrite(block: Buffer): Buffer {
    this.#decompressor.write(block);
    this.#decompressor.execute();
    const fields: Buffer[] = [];
    for (let field = this.#decompressor.read(); field; field = this.#decompressor.read()) {
      fields.push(literalField(field.name, this.#shorten(field.value)));
    }
    return Buffer.concat(fields);
  }

  #shorten(value: string): string {
    if (value.length <= longestValue) return value;
    this.#kept.push(value);
    return `larder${String(this.#kept.length - 1).padStart(6, "0")}`;
  }
}

/** RFC 7541, section 6.2.2: a literal field without indexing and with a literal name, no Huffman code. */
function literalField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x00), literalString(name), literalString(value)]);
}

function literalString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  let rest = bytes.length;
  if (rest < 127) {
    length.push(rest);
  } else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
