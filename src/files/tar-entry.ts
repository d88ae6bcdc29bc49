/**
 * Reads the headers of tars. Names, targets of links and attributes are bytes there; the tar libraries of npm decode
 * them as UTF-8 and so take different files for the same, which a check must not.
 */
import { type ByteString, fromBytes } from "./bytes.js";

export const blockBytes = 512;

export type TarKind =
  | "file"
  | "hard link"
  | "symbolic link"
  | "character device"
  | "block device"
  | "directory"
  | "fifo"
  /** Its size is that of the file, not of the data in the tar. */
  | "sparse file"
  /** A pax header for all entries after it: it is no file. */
  | "global header"
  | "unknown";

export interface TarEntry {
  /** As the tar has it. */
  readonly name: ByteString;
  readonly kind: TarKind;
  /** Bits of permission alone. A number that the header cannot hold is undefined. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** In whole seconds, rounded down. */
  readonly mtime: number | undefined;
  readonly size: number;
  /** Bytes of data after the header. */
  readonly dataSize: number;
  readonly linkName: ByteString;
  readonly major: number;
  readonly minor: number;
  /** The value of `security.capability`. */
  readonly capability: ByteString | undefined;
  readonly hasXattrs: boolean;
}

/** Fields of a header block. */
const at = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  linkName: [157, 100],
  magic: [257, 8],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
  /** Of GNU's sparse files. */
  isExtended: [482, 1],
  realSize: [483, 12],
} as const;
const typeAt = 156;

const kinds: Readonly<Record<string, TarKind>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hard link",
  "2": "symbolic link",
  "3": "character device",
  "4": "block device",
  "5": "directory",
  "6": "fifo",
  S: "sparse file",
  g: "global header",
};

/** Headers that describe the entry after them. */
const describing = "xLK";

/** The parts of a header in front of it: pax records and GNU's long names. */
export interface Extension {
  readonly records: Map<string, ByteString>;
}

export function noExtension(): Extension {
  return { records: new Map() };
}

/** @returns the number of data bytes that belong to this block and describe the next entry; undefined for an entry. */
export function extensionSize(block: Buffer): number | undefined {
  const type = typeOf(block);
  if (!describing.includes(type)) return undefined;
  return number(block, at.size) ?? 0;
}

/** Adds the data of a block for which {@link extensionSize} is a number. @throws Error if it has no pax records. */
export function extend({ records }: Extension, block: Buffer, data: Buffer): void {
  const type = typeOf(block);
  if (type === "x") readRecords(data, records);
  else records.set(type === "L" ? "path" : "linkpath", fromBytes(data).replace(/\0.*$/s, ""));
}

/** @throws Error if the block is no header. */
export function parseHeader(block: Buffer, { records }: Extension): TarEntry {
  checkSum(block);
  const type = typeOf(block);
  const found = kinds[type] ?? "unknown";
  const name = records.get("path") ?? nameOf(block);
  const dataSize = inRecords(records, "size") ?? number(block, at.size) ?? 0;
  const sparseSize = inRecords(records, "GNU.sparse.realsize") ?? inRecords(records, "GNU.sparse.size");
  const isSparse = found === "sparse file" || sparseSize !== undefined;
  const realSize = found === "sparse file" ? (number(block, at.realSize) ?? 0) : sparseSize;
  const kind = isSparse ? "sparse file" : found === "file" && name.endsWith("/") ? "directory" : found;
  const hasData = kind === "file" || isSparse || kind === "global header" || kind === "unknown";
  return {
    name: records.get("GNU.sparse.name") ?? name,
    kind,
    mode: masked(number(block, at.mode)),
    uid: inRecords(records, "uid") ?? number(block, at.uid),
    gid: inRecords(records, "gid") ?? number(block, at.gid),
    mtime: inRecords(records, "mtime") ?? number(block, at.mtime),
    size: hasData ? (realSize ?? dataSize) : 0,
    dataSize: hasData ? dataSize : 0,
    linkName: records.get("linkpath") ?? text(block, at.linkName),
    major: number(block, at.major) ?? 0,
    minor: number(block, at.minor) ?? 0,
    capability: records.get(`${xattrPrefix}security.capability`),
    hasXattrs: [...records.keys()].some((key) => key.startsWith(xattrPrefix)),
  };
}

const xattrPrefix = "SCHILY.xattr.";

/** Does a block with more of a sparse file's map follow? @param isFirst The block is the header itself. */
export function mapContinues(block: Buffer, isFirst: boolean): boolean {
  if (!isFirst) return block[504] === 1;
  return typeOf(block) === "S" && block[at.isExtended[0]] === 1;
}

export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function typeOf(block: Buffer): string {
  return String.fromCharCode(block[typeAt] ?? 0);
}

function nameOf(block: Buffer): ByteString {
  const name = text(block, at.name);
  // GNU tar has other fields in the place of the prefix, and another magic.
  const isPosix = block.toString("latin1", at.magic[0], at.magic[0] + 6) === "ustar\0";
  const prefix = isPosix ? text(block, at.prefix) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

type Field = readonly [start: number, length: number];

function text(block: Buffer, [start, length]: Field): ByteString {
  const end = block.indexOf(0, start);
  return block.toString("latin1", start, end < 0 ? start + length : Math.min(end, start + length));
}

function number(block: Buffer, [start, length]: Field): number | undefined {
  const field = block.subarray(start, start + length);
  const [first = 0] = field;
  // GNU's form of numbers that octal digits cannot hold: a sign, then the number in binary.
  if (first === 0x80) return Number(BigInt(`0x${field.subarray(1).toString("hex")}`));
  if (first === 0xff) return Number(BigInt.asIntN(length * 8, BigInt(`0x${field.toString("hex")}`)));
  const digits = fromBytes(field)
    .replace(/[\0 ]+$/, "")
    .trimStart();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function masked(mode: number | undefined): number | undefined {
  return mode === undefined ? undefined : mode & 0o7777;
}

function inRecords(records: ReadonlyMap<string, ByteString>, key: string): number | undefined {
  const value = records.get(key);
  return value !== undefined && /^-?\d+(\.\d*)?$/.test(value) ? Math.floor(Number(value)) : undefined;
}

/** `<length> <key>=<value>\n`; the length counts the whole record. */
function readRecords(data: Buffer, records: Map<string, ByteString>): void {
  for (let start = 0; start < data.length && data[start] !== 0; ) {
    const space = data.indexOf(0x20, start);
    const length = Number(data.toString("latin1", start, Math.max(space, start)));
    const record = data.toString("latin1", space + 1, start + length - 1);
    const equals = record.indexOf("=");
    if (!Number.isInteger(length) || length <= space - start || equals < 0)
      throw new Error("a pax header is broken");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    start += length;
  }
}

/** The sum of all bytes, in which the checksum itself counts as spaces. Old programs added signed bytes. */
function checkSum(block: Buffer): void {
  const [start, length] = at.checksum;
  let [sum, signed] = [0, 0];
  // An iterator would take most of the time of a layer with many small files.
  for (let index = 0; index < blockBytes; index++) {
    const value = index >= start && index < start + length ? 0x20 : (block[index] ?? 0);
    sum += value;
    signed += value < 0x80 ? value : value - 0x100;
  }
  const stated = number(block, at.checksum);
  if (stated !== sum && stated !== signed) throw new Error("a header has a wrong checksum");
}
