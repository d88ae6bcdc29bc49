/** Finds the files of a tar without reading their content, so that a saved image of any size opens at once. */
import { type FileHandle, open } from "node:fs/promises";
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { LarderError } from "../../error.js";
import type { Files } from "./files.js";

interface Place {
  readonly offset: number;
  readonly size: number;
}

const blockSize = 512;
/** Longer names do not occur in saved images; a broken archive may claim any length. */
const maximalExtension = 1 << 20;

export interface OpenArchive extends Files {
  close(): Promise<void>;
}

/** @throws LarderError for a file that is no uncompressed tar. */
export async function openArchive(path: string): Promise<OpenArchive> {
  const file = await open(path);
  try {
    const places = await indexArchive(path, file);
    return {
      read: async (name) => {
        const place = places.get(name);
        return place && (await readAt(path, file, place.offset, place.size));
      },
      size: async (name) => places.get(name)?.size,
      open: async (name) => openAt(path, file, places.get(name), name),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function openAt(path: string, file: FileHandle, place: Place | undefined, name: string): Readable {
  if (!place) throw new LarderError(`${path}: it has no file ${name}`);
  const { offset, size } = place;
  const end = Math.max(offset + size - 1, offset);
  // The handle serves all streams, so no stream may close it.
  return file.createReadStream({ start: offset, end, autoClose: false, highWaterMark: 1 << 18 });
}

async function indexArchive(path: string, file: FileHandle): Promise<Map<string, Place>> {
  const { size: end } = await file.stat();
  const places = new Map<string, Place>();
  /** Docker before 25 saves a layer once, and links it from the other images of the archive. */
  const links = new Map<string, string>();
  /** What extended headers say of the entry after them. */
  let next: Extension = {};
  for (let offset = 0; offset < end; ) {
    const block = await readAt(path, file, offset, blockSize);
    if (block.every((byte) => byte === 0)) break;
    const header = parseHeader(path, block);
    const size = next.size ?? header.size;
    const content = { offset: offset + blockSize, size };
    if (content.offset + size > end)
      throw new LarderError(`${path}: it is truncated: save or copy the image again`);
    if ("xL".includes(header.type)) {
      const text = await readAt(path, file, content.offset, Math.min(size, maximalExtension));
      next = { ...next, ...(header.type === "L" ? { name: untilZero(text) } : parsePax(text)) };
    } else {
      const name = cleanName(next.name ?? header.name);
      if (header.type === "0") places.set(name, content);
      if (header.type === "2") links.set(name, posix.join(posix.dirname(name), next.link ?? header.link));
      next = {};
    }
    offset = content.offset + Math.ceil(size / blockSize) * blockSize;
  }
  for (const [name, target] of links) {
    const place = places.get(target);
    if (place) places.set(name, place);
  }
  return places;
}

interface Extension {
  name?: string;
  link?: string;
  size?: number;
}

interface Header {
  readonly name: string;
  readonly link: string;
  readonly size: number;
  readonly type: string;
}

function parseHeader(path: string, block: Buffer): Header {
  const sum = block.reduce((all, byte, index) => all + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (parseNumber(block.subarray(148, 156)) !== sum) throw new LarderError(`${path}: ${whatInstead(block)}`);
  const name = untilZero(block.subarray(0, 100));
  const isUstar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? untilZero(block.subarray(345, 500)) : "";
  const flag = String.fromCharCode(block[156] ?? 0);
  return {
    name: prefix ? `${prefix}/${name}` : name,
    link: untilZero(block.subarray(157, 257)),
    size: parseNumber(block.subarray(124, 136)),
    type: flag === "\0" ? "0" : flag,
  };
}

function whatInstead(start: Buffer): string {
  const magic = start.toString("hex", 0, 4);
  if (magic.startsWith("1f8b")) return "it is compressed: run gunzip on it first";
  if (magic === "28b52ffd") return "it is compressed: run unzstd on it first";
  return "it is no tar: name an archive of docker save, or an OCI archive";
}

/** Octal digits, or base 256 where GNU tar needs more. */
function parseNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return Number(BigInt(`0x${field.toString("hex")}`) & ((1n << 62n) - 1n));
  return Number.parseInt(untilZero(field).trim() || "0", 8);
}

/** Records of the form `<length> <key>=<value>\n`. */
function parsePax(text: Buffer): Extension {
  const found: Extension = {};
  for (let rest = text; rest.length > 0; ) {
    const length = Number.parseInt(rest.toString("latin1", 0, rest.indexOf(" ")), 10);
    if (!(length > 0)) break;
    const record = rest.toString("utf8", rest.indexOf(" ") + 1, length - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value;
    if (key === "linkpath") found.link = value;
    if (key === "size") found.size = Number(value);
    rest = rest.subarray(length);
  }
  return found;
}

function untilZero(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  return bytes.toString("utf8", 0, zero < 0 ? bytes.length : zero);
}

function cleanName(name: string): string {
  return name.replace(/^(?:\.?\/)+/, "");
}

async function readAt(path: string, file: FileHandle, offset: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, offset);
  if (bytesRead < size) throw new LarderError(`${path}: it is truncated: save or copy the image again`);
  return bytes;
}
