/**
 * HTTP/2 header fields as bytes (HPACK, RFC 7541), for a connection without a dynamic table: its client has set
 * SETTINGS_HEADER_TABLE_SIZE to 0. A value may have any length.
 */
import { decodeHuffman } from "./huffman.js";

/** Fields by name. Each character is a byte. */
export type Fields = ReadonlyMap<string, string>;

/** RFC 7541, appendix A. */
const staticTable = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`
  .trim()
  .split("\n")
  .map((line): readonly [name: string, value: string] => {
    const [name = "", ...words] = line.split(" ");
    return [name, words.join(" ")];
  });

/** Encodes each field as a literal without indexing and with a literal name (section 6.2.2), without Huffman's code. */
export function encodeFields(fields: Fields): Buffer {
  return Buffer.concat([...fields].flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

/** @throws Error if the bytes are no header block of such a connection. */
export function decodeFields(block: Buffer): Fields {
  const reader = new Reader(block);
  const fields = new Map<string, string>();
  while (!reader.isAtEnd) {
    const first = reader.peek();
    if (first & 0x80) {
      fields.set(...entry(reader.integer(7)));
    } else if (first & 0x40) {
      // "With incremental indexing": there is no table for the field.
      fields.set(...reader.field(6));
    } else if (first & 0x20) {
      if (reader.integer(5) !== 0) throw new Error("HPACK: a dynamic table, which was forbidden");
    } else {
      fields.set(...reader.field(4));
    }
  }
  return fields;
}

function entry(index: number): readonly [name: string, value: string] {
  const found = staticTable[index - 1];
  if (!found) throw new Error(`HPACK: no entry ${index} in the table`);
  return found;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  peek(): number {
    return this.#bytes.readUInt8(this.#at);
  }

  /**
   * Section 5.1: a small number is in the last `bits` of a byte. A larger one fills these with ones, and its rest
   * follows in further bytes.
   */
  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    let scale = 1;
    for (let more = true; more; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      more = byte >= 128;
    }
    return value;
  }

  /** Section 6.2: a name, as an index into the table or as a literal, and a literal value. */
  field(bits: number): [name: string, value: string] {
    const index = this.integer(bits);
    const name = index === 0 ? this.#string() : entry(index)[0];
    return [name, this.#string()];
  }

  #string(): string {
    const isHuffman = this.peek() >= 128;
    const length = this.integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error("HPACK: a string longer than its header block");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return (isHuffman ? decodeHuffman(bytes) : bytes).toString("latin1");
  }

  #byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  let rest = bytes.length;
  if (rest < 127) {
    length.push(rest);
  } else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
