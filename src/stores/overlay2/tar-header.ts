import { type ByteString, fromBytes } from "../../files/bytes.js";

const blockBytes = 512;
const xattrPrefix = "SCHILY.xattr.";
/** The largest time that 63 bits of nanoseconds hold, in the year 2262. */
const latest = 2 ** 63 / 1e9;

/** The header of one entry of a tar: the blocks between the content of the entry before it and its own. */
export class TarHeader {
  /** The pax header and GNU's long names, if there are any, and the entry's own block. */
  readonly #bytes: Buffer;
  readonly #block: Buffer;
  #pax: ReadonlyMap<string, ByteString> | undefined;
  #longLink: ByteString | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    let at = 0;
    while (isMeta(this.#bytes, at)) at = nextHeader(this.#bytes, at);
    this.#block = this.#bytes.subarray(at, at + blockBytes);
  }

  /** One character. A file of a tar from before POSIX has `0`, too. */
  get type(): string {
    const type = String.fromCharCode(this.#block[156] ?? 0);
    return type === "\0" ? "0" : type;
  }

  /** The form of before POSIX: a file whose name ends with a slash is a directory. */
  get isOld(): boolean {
    return (this.#block[156] ?? 0) === 0;
  }

  /** The target of a link. */
  get linkName(): ByteString {
    return this.#longName("K") ?? this.#record("linkpath") ?? cString(this.#block.subarray(157, 257));
  }

  /** The permissions. A number that the header cannot hold is undefined, here and below. */
  get mode(): number | undefined {
    const mode = this.#number(100, 8);
    return mode === undefined ? undefined : mode & 0o7777;
  }

  get uid(): number | undefined {
    return this.#owner("uid", 108);
  }

  get gid(): number | undefined {
    return this.#owner("gid", 116);
  }

  /** In seconds, maybe with a fraction. */
  get mtime(): string | undefined {
    const inPax = this.#record("mtime");
    if (inPax !== undefined) return /^-?\d+(?:\.\d*)?$/.test(inPax) ? inPax : undefined;
    return this.#number(136, 12)?.toString();
  }

  /** Engines give a file with a time before 1970, or after 2262, the time zero. */
  get isTimeless(): boolean {
    const { mtime } = this;
    return mtime !== undefined && (mtime.startsWith("-") || Number(mtime) > latest);
  }

  /** Names and values of the extended attributes. */
  get xattrs(): ReadonlyMap<ByteString, ByteString> {
    const found = [...this.#records()].filter(([key]) => key.startsWith(xattrPrefix));
    return new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), value]));
  }

  /** A file with holes, in one of GNU's forms. */
  get isSparse(): boolean {
    return this.type === "S" || [...this.#records().keys()].some((key) => key.startsWith("GNU.sparse."));
  }

  /** The keys of a pax global header, which would hold for all entries after it. */
  get globalKeys(): string[] {
    return this.type === "g" ? [...parsePax(this.#bytes.subarray(blockBytes)).keys()] : [];
  }

  /** Major and minor number, as the header writes them. */
  get device(): Buffer {
    return this.#block.subarray(329, 345);
  }

  #owner(key: string, at: number): number | undefined {
    const inPax = this.#record(key);
    const id = inPax === undefined ? this.#number(at, 8) : /^\d+$/.test(inPax) ? Number(inPax) : undefined;
    // The highest number means "no owner" to the kernel.
    return id !== undefined && id >= 0 && id < 0xffffffff ? id : undefined;
  }

  #number(at: number, length: number): number | undefined {
    const field = this.#block.subarray(at, at + length);
    const first = field[0] ?? 0;
    if (first < 0x80) {
      const text = fromBytes(field)
        .replace(/[\0 ]+$/, "")
        .trimStart();
      if (text === "") return 0;
      return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
    }
    // GNU's form of large numbers: the first bit, then the number in binary. The second bit is the sign.
    const bits = BigInt(field.length * 8 - 1);
    const value = BigInt(`0x${field.toString("hex")}`) - (1n << bits);
    const number = Number(first < 0xc0 ? value : value - (1n << bits));
    return Number.isSafeInteger(number) ? number : undefined;
  }

  /** An empty record takes back what a pax header says, so that the block counts. */
  #record(key: string): ByteString | undefined {
    return this.#records().get(key) || undefined;
  }

  #records(): ReadonlyMap<string, ByteString> {
    this.#pax ??= parsePax(this.#content("x"));
    return this.#pax;
  }

  #longName(type: string): ByteString | undefined {
    if (this.#bytes.length <= blockBytes) return undefined;
    this.#longLink ??= cString(this.#content(type));
    return this.#longLink || undefined;
  }

  /** The content of the last header of this type before the entry's own block. */
  #content(type: string): Buffer {
    let content: Buffer = Buffer.alloc(0);
    for (let at = 0; isMeta(this.#bytes, at); at = nextHeader(this.#bytes, at)) {
      if (this.#bytes[at + 156] !== type.charCodeAt(0)) continue;
      content = this.#bytes.subarray(at + blockBytes, at + blockBytes + sizeAt(this.#bytes, at));
    }
    return content;
  }
}

/** A pax header, or a long name or target in GNU's form. The entry's own header follows it. */
function isMeta(bytes: Buffer, at: number): boolean {
  return at + 2 * blockBytes <= bytes.length && "xLK".includes(String.fromCharCode(bytes[at + 156] ?? 0));
}

function nextHeader(bytes: Buffer, at: number): number {
  return at + blockBytes + Math.ceil(sizeAt(bytes, at) / blockBytes) * blockBytes;
}

function sizeAt(bytes: Buffer, at: number): number {
  const text = bytes.toString("latin1", at + 124, at + 136);
  return Number.parseInt(text.replaceAll("\0", " "), 8) || 0;
}

/** Records of a pax header: the length of the record, a space, the key, `=`, the value, a newline. */
function parsePax(bytes: Buffer): Map<string, ByteString> {
  const records = new Map<string, ByteString>();
  const text = fromBytes(bytes);
  for (let at = 0; at < text.length; ) {
    const length = Number.parseInt(text.slice(at, at + 20), 10);
    if (!(length > 0)) break;
    const record = text.slice(text.indexOf(" ", at) + 1, at + length - 1);
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function cString(bytes: Buffer): ByteString {
  const end = bytes.indexOf(0);
  return fromBytes(end < 0 ? bytes : bytes.subarray(0, end));
}
