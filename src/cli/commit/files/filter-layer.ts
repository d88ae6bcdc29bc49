/**
 * Leaves the data roots out of a layer's tar. All other bytes stay as they are: names need not be UTF-8, and attributes are
 * binary.
 */
import { Readable } from "node:stream";
import { LarderError } from "../../../error.js";

const blockSize = 512;
const cutOff = "the container's layer is cut off";

/**
 * @param dataRoots absolute paths. The directories themselves stay, and what the layer deletes in them.
 * @returns the tar of the other entries.
 */
export function withoutDataRoots(layer: AsyncIterable<unknown>, dataRoots: readonly string[]): Readable {
  return Readable.from(filter(new Bytes(layer), dataRoots), { objectMode: false });
}

/** Is an entry of this name to stay? @param name as in the tar, a byte a character. */
export function isKept(name: string, dataRoots: readonly string[]): boolean {
  const path = `/${name.replace(/^(\.?\/)+/, "").replace(/\/+$/, "")}`;
  const isInside = dataRoots.some((root) => path.startsWith(`${asBytes(root).replace(/\/+$/, "")}/`));
  return !isInside || path.slice(path.lastIndexOf("/") + 1).startsWith(".wh.");
}

async function* filter(tar: Bytes, dataRoots: readonly string[]): AsyncGenerator<Buffer> {
  /** Headers of the next entry: its long name, its attributes. */
  let before: Buffer[] = [];
  let extension: Extension = {};
  for (;;) {
    const header = await tar.take(blockSize);
    if (header.length === 0 || header.every((byte) => byte === 0)) break;
    if (header.length < blockSize) throw new LarderError(cutOff);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = extension.size ?? parseNumber(header.subarray(124, 136));
    const padded = Math.ceil(size / blockSize) * blockSize;
    if ("xLK".includes(type)) {
      const content = await tar.take(padded);
      if (content.length < padded) throw new LarderError(cutOff);
      before.push(header, content);
      extension = { ...extension, ...parseExtension(type, content.subarray(0, size)) };
      continue;
    }
    const keeps = isKept(extension.name ?? nameOf(header), dataRoots);
    if (keeps) yield* [...before, header];
    for await (const part of tar.pass(padded)) if (keeps) yield part;
    before = [];
    extension = {};
  }
  yield Buffer.alloc(2 * blockSize);
}

interface Extension {
  name?: string;
  size?: number;
}

function parseExtension(type: string, content: Buffer): Extension {
  const text = content.toString("latin1");
  if (type === "L") return { name: untilZero(text) };
  return type === "x" ? parsePax(text) : {};
}

/** Records of the form `<length> <key>=<value>\n`. */
function parsePax(text: string): Extension {
  const found: Extension = {};
  for (let rest = text; rest.length > 0; ) {
    const length = Number.parseInt(rest, 10);
    if (!(length > 0)) break;
    const record = rest.slice(rest.indexOf(" ") + 1, length - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value;
    if (key === "size") found.size = Number(value);
    rest = rest.slice(length);
  }
  return found;
}

function nameOf(header: Buffer): string {
  const name = untilZero(header.toString("latin1", 0, 100));
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? untilZero(header.toString("latin1", 345, 500)) : "";
  return prefix ? `${prefix}/${name}` : name;
}

/** Octal digits, or base 256 where they do not suffice. */
function parseNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return Number(BigInt(`0x${field.toString("hex")}`) & ((1n << 62n) - 1n));
  return Number.parseInt(untilZero(field.toString("latin1")).trim() || "0", 8);
}

function untilZero(text: string): string {
  return text.replace(/\0[\s\S]*$/, "");
}

function asBytes(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** Reads a stream by counts of bytes. */
class Bytes {
  readonly #parts: AsyncIterator<unknown>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<unknown>) {
    this.#parts = stream[Symbol.asyncIterator]();
  }

  /** So many bytes, or fewer at the end of the stream. */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.pass(count, true)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *pass(count: number, mayEnd = false): AsyncGenerator<Buffer> {
    for (let missing = count; missing > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#parts.next();
        if (done && mayEnd) return;
        if (done) throw new LarderError(cutOff);
        this.#rest = value as Buffer;
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      if (part.length > 0) yield part;
    }
  }
}
