import type { BigIntStats } from "node:fs";
import { type ByteString, compare, toBytes } from "../../files/bytes.js";

/** An entry of a layer's tar. */
export interface PackedEntry {
  /** Relative, without a slash at its end. */
  readonly name: ByteString;
  readonly type: keyof typeof typeFlags;
  /** Without the bits for the kind of file. */
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  /** Number of bytes that follow; 0 if absent. */
  readonly size?: bigint;
  /** Seconds since 1970; may be negative. */
  readonly mtime: bigint;
  readonly linkName?: ByteString;
  /** The device number, as `stat` gives it. */
  readonly device?: bigint;
  /** The value of `security.capability`. */
  readonly capability?: Buffer | undefined;
}

const typeFlags = {
  file: "0",
  "hard link": "1",
  "symbolic link": "2",
  "character device": "3",
  "block device": "4",
  directory: "5",
  fifo: "6",
} as const;

const extendedFlag = "x";

export const blockSize = 512;

/** The blocks at the end of an archive. */
export const endOfTar = Buffer.alloc(2 * blockSize);

/** Fills up the last block of a file. */
export function padding(size: bigint): Buffer {
  return Buffer.alloc(Number(-size & BigInt(blockSize - 1)));
}

/**
 * The blocks before an entry's content, in the format of POSIX.1-2001 (pax): an extended header has the fields that do
 * not fit into the old one. Larder writes them itself, since their bytes determine the layer's digest. They equal those
 * that Go's archive/tar writes for BuildKit, so a packed layer and a pushed one are the same. A hard link repeats the
 * capability of its file: to unpack the link sets the file's owner, which removes the capability.
 */
export function formatHeader(entry: PackedEntry): Buffer {
  const name = entry.type === "directory" ? `${entry.name}/` : entry.name;
  const fields = { ...entry, name, linkName: entry.linkName ?? "", size: entry.size ?? 0n };
  const records = extendedRecords(fields);
  if (records.size === 0) return formatBlock(fields, typeFlags[entry.type]);
  const split = splitName(name);
  if (split && records.size === 1 && records.has("path"))
    return formatBlock({ ...fields, ...split }, typeFlags[entry.type]);
  const data = Buffer.concat(
    [...records].sort(([a], [b]) => compare(a, b)).map(([key, value]) => formatRecord(key, value)),
  );
  return Buffer.concat([
    formatBlock(extendedHeader(name, BigInt(data.length)), extendedFlag),
    data,
    padding(BigInt(data.length)),
    formatBlock(fields, typeFlags[entry.type]),
  ]);
}

type Fields = Pick<PackedEntry, "name" | "mode" | "uid" | "gid" | "mtime" | "device" | "capability"> & {
  readonly size: bigint;
  readonly linkName: ByteString;
  /** The directory of `name`, if it is in a field of its own. */
  readonly prefix?: ByteString;
};

/** Splits a long name into two fields, if nothing else needs an extended header. */
function splitName(name: ByteString): Pick<Fields, "name" | "prefix"> | undefined {
  const end = name.endsWith("/") ? -1 : undefined;
  const slash = name.slice(0, name.length > prefixSize + 1 ? prefixSize + 1 : end).lastIndexOf("/");
  const [prefix, rest] = [name.slice(0, slash), name.slice(slash + 1)];
  const fits = slash > 0 && rest.length > 0 && rest.length <= nameSize && isAscii(name);
  return fits ? { name: rest, prefix } : undefined;
}

/** The name is for programs that take the header for a file. */
function extendedHeader(name: ByteString, size: bigint): Fields {
  const base = name.lastIndexOf("/") + 1;
  const path = `${name.slice(0, base)}PaxHeaders.0/${name.slice(base)}`.replace(/\/$/, "");
  return { name: path, linkName: "", mode: 0n, uid: 0n, gid: 0n, mtime: 0n, size };
}

function extendedRecords({ name, linkName, uid, gid, size, mtime, capability }: Fields): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  if (!fitsName(name)) records.set("path", toBytes(name));
  if (!fitsName(linkName)) records.set("linkpath", toBytes(linkName));
  for (const [key, value, digits] of [
    ["uid", uid, 7],
    ["gid", gid, 7],
    ["size", size, 11],
    ["mtime", mtime, 11],
  ] as const) {
    if (!fitsNumber(value, digits)) records.set(key, Buffer.from(`${value}`));
  }
  if (capability) records.set("SCHILY.xattr.security.capability", capability);
  return records;
}

const nameSize = 100;
const prefixSize = 155;

function fitsName(name: ByteString): boolean {
  return name.length <= nameSize && isAscii(name);
}

/** The old header allows ASCII only. */
function isAscii(name: ByteString): boolean {
  return !/[\x80-\xff]/.test(name);
}

function fitsNumber(value: bigint, digits: number): boolean {
  return value >= 0n && value < 1n << BigInt(3 * digits);
}

/** `<length> <key>=<value>\n`. The length includes its own digits. */
function formatRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length;
  while (length !== rest.length + `${length}`.length) length = rest.length + `${length}`.length;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

function formatBlock(fields: Fields, typeFlag: string): Buffer {
  const block = Buffer.alloc(blockSize);
  const writeName = (name: ByteString, offset: number) => block.write(shortName(name), offset, "latin1");
  const writeNumber = (value: bigint, digits: number, offset: number) =>
    block.write((fitsNumber(value, digits) ? value : 0n).toString(8).padStart(digits, "0"), offset);
  writeName(fields.name, 0);
  writeNumber(fields.mode, 7, 100);
  writeNumber(fields.uid, 7, 108);
  writeNumber(fields.gid, 7, 116);
  writeNumber(fields.size, 11, 124);
  writeNumber(fields.mtime, 11, 136);
  block.write(" ".repeat(8), 148);
  block.write(typeFlag, 156);
  writeName(fields.linkName, 157);
  block.write("ustar\x0000", 257);
  if (typeFlag !== extendedFlag) {
    const { major, minor } = deviceNumbers(fields.device ?? 0n);
    writeNumber(major, 7, 329);
    writeNumber(minor, 7, 337);
  }
  if (fields.prefix) block.write(fields.prefix, 345, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/**
 * The part of a name that fits into the old header, without a slash at its end: programs could take it for a directory.
 */
function shortName(name: ByteString): ByteString {
  const ascii = name.replace(/[\x80-\xff]/g, "");
  return ascii.length > nameSize ? ascii.slice(0, nameSize).replace(/\/+$/, "") : ascii;
}

/** Linux packs them into 64 bits. */
function deviceNumbers(device: bigint): { major: bigint; minor: bigint } {
  return {
    major: ((device >> 32n) & ~0xfffn) | ((device >> 8n) & 0xfffn),
    minor: ((device >> 12n) & ~0xffn & 0xffffffffn) | (device & 0xffn),
  };
}

/** The kind of file, by tar's names. @throws Error for a socket, which a tar cannot hold. */
export function entryType(stat: BigIntStats): Exclude<PackedEntry["type"], "hard link"> {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symbolic link";
  if (stat.isCharacterDevice()) return "character device";
  if (stat.isBlockDevice()) return "block device";
  if (stat.isFIFO()) return "fifo";
  throw new Error(`a file of mode ${stat.mode.toString(8)} cannot be in a tar`);
}
