import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ByteString, fromBytes } from "../../files/bytes.js";
import { forEachLine } from "../../files/lines.js";
import { type LayerNames, LayerNamesReader } from "../../shelf/layer-names.js";
import { byteString } from "../../shelf/whiteouts.js";

/** The facts about a layer's tar that `tar-split.json.gz` gives without a look into the layer. */
export interface TarSplit extends LayerNames {
  /** Some entry has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
  /** Paths that have a whiteout, opaque directories not counted. */
  readonly deleted: readonly ByteString[];
  /** A name that engines take in different ways, if there is one. */
  readonly strange: ByteString | undefined;
  /** Keys of its pax global headers. */
  readonly globals: readonly string[];
  /** The hard links of the tar, in their order. */
  readonly links: readonly HardLink[];
}

/** A hard link as its header describes it. A number that the header cannot hold is undefined. */
export interface HardLink {
  readonly path: ByteString;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** In whole seconds. */
  readonly mtime: number | undefined;
}

/** Values of tar/storage/entry.go in vbatts/tar-split. */
export const fileType = 1;
export const segmentType = 2;
const xattrRecord = "SCHILY.xattr.";

/**
 * Reads Docker's record of a layer's tar, a JSON object a line, gzipped. The record is several times as large as the
 * layer's names, so it is never in memory as a whole.
 * @throws Error if the file has another form.
 */
export async function readTarSplit(file: string): Promise<TarSplit> {
  const reader = new LayerNamesReader();
  let hasXattrs = false;
  const globals = new Set<string>();
  const links: HardLink[] = [];
  // Docker ignores the entry of a global header, which has a name.
  const read = async (onName: (name: ByteString, header: Buffer) => void): Promise<void> => {
    let isGlobal = false;
    let bytes = Buffer.alloc(0);
    await forEachEntry(file, (entry) => {
      if (entry.type === fileType && !isGlobal) onName(nameOf(entry), bytes);
      if (entry.type !== segmentType) return;
      bytes = Buffer.from(entry.payload ?? "", "base64");
      hasXattrs ||= bytes.includes(xattrRecord);
      const keys = globalKeys(bytes);
      isGlobal = keys !== undefined;
      for (const key of keys ?? []) globals.add(key);
    });
  };
  await read((name, bytes) => {
    reader.add(name);
    const link = hardLink(name, bytes);
    if (link) links.push(link);
  });
  if (reader.isUnsure) await read((name) => reader.find(name));
  const { deleted, strange } = reader;
  return { ...reader.names, deleted, strange, hasXattrs, globals: [...globals], links };
}

const [magic, magicAt, typeAt, blockBytes] = ["ustar", 257, 156, 512];

/**
 * The keys of a pax global header (type `g`) in the bytes between two files. They would hold for all entries after it:
 * GNU tar applies them, and Docker does not.
 */
function globalKeys(bytes: Buffer): string[] | undefined {
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    const start = at - magicAt;
    if (start < 0 || bytes[start + typeAt] !== 0x67) continue;
    const records = bytes.toString("latin1", start + blockBytes);
    return [...records.matchAll(/^\d+ ([^=\n]+)=/gm)].map(([, key = ""]) => key);
  }
  return undefined;
}

/** The bytes between two files end with the header of the second. */
function hardLink(path: ByteString, bytes: Buffer): HardLink | undefined {
  const header = bytes.subarray(-blockBytes);
  if (header.length < blockBytes || header[typeAt] !== 0x31) return undefined;
  // Before the header there may be a pax header with numbers that it cannot hold.
  const before = bytes.toString("latin1", 0, bytes.length - blockBytes);
  const inPax = (key: string): number | undefined => {
    const text = [...before.matchAll(new RegExp(`\\d+ ${key}=(-?\\d+(?:\\.\\d*)?)\\n`, "g"))].at(-1)?.[1];
    return text === undefined ? undefined : Math.floor(Number(text));
  };
  const number = (at: number, length: number): number | undefined => {
    const field = header.subarray(at, at + length);
    // GNU's form of large numbers: the first bit, then the number in binary.
    if ((field[0] ?? 0) === 0x80) return Number(BigInt(`0x${field.subarray(1).toString("hex")}`));
    const text = field
      .toString("latin1")
      .replace(/[\0 ]+$/, "")
      .trimStart();
    return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
  };
  return {
    path,
    mode: number(100, 8),
    uid: inPax("uid") ?? number(108, 8),
    gid: inPax("gid") ?? number(116, 8),
    mtime: inPax("mtime") ?? number(136, 12),
  };
}

async function forEachEntry(file: string, onEntry: (entry: TarSplitEntry) => void): Promise<void> {
  const unpacked = pipeline(createReadStream(file), createGunzip({ chunkSize: 1 << 18 }), () => {
    // The reader of the lines gets the error, too.
  });
  await forEachLine(unpacked, (line) => {
    if (line.length > 0) onEntry(parseTarSplitEntry(line.toString("utf8")));
  });
}

export interface TarSplitEntry {
  readonly type: number;
  readonly name?: string;
  /** Base64. It replaces `name` if the name is not UTF-8. */
  readonly name_raw?: string;
  /** Bytes of the content, which is not in the record. */
  readonly size?: number;
  /** Base64: the bytes of a segment, or the CRC-64 of a file's content. */
  readonly payload?: string | null;
}

export function parseTarSplitEntry(line: string): TarSplitEntry {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("type" in value)) {
    throw new Error(`not an entry of a tar-split file: ${line.slice(0, 80)}`);
  }
  return value as TarSplitEntry;
}

export function nameOf(entry: TarSplitEntry): ByteString {
  return entry.name_raw ? fromBytes(Buffer.from(entry.name_raw, "base64")) : byteString(entry.name ?? "");
}
