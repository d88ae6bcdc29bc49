import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import {
  blockBytes,
  extend,
  extensionSize,
  noExtension,
  parseHeader,
  type TarEntry,
} from "../../files/tar-entry.js";
import {
  fileType,
  nameOf,
  parseRecord,
  type RecordLine,
  segmentType,
} from "../../stores/overlay2/tar-entries.js";
import { cleanPath } from "../layer-names.js";
import { showPath } from "../whiteouts.js";
import { ExpectedTree } from "./expected-tree.js";

/** Reads the entries of Docker's record of a layer's tar one after another. */
export class TarSplitReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest = Buffer.alloc(0);
  #lines: string[] = [];
  #next = 0;

  /** @param record the gzipped file. */
  constructor(record: Buffer) {
    const unpacked = Readable.from([record]).pipe(createGunzip({ chunkSize: 1 << 18 }));
    this.#chunks = unpacked[Symbol.asyncIterator]();
  }

  /** @returns undefined at the end. @throws Error for a record of another form. */
  async next(): Promise<RecordLine | undefined> {
    for (;;) {
      const line = this.#lines[this.#next++];
      if (line === undefined) {
        if (!(await this.#fill())) return undefined;
      } else if (line !== "") return parseRecord(line);
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    const bytes = done ? this.#rest : Buffer.concat([this.#rest, value]);
    // A character of UTF-8 has no newline in it, so a line is whole.
    const end = done ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
    this.#lines = bytes.toString("utf8", 0, end).split("\n");
    this.#next = 0;
    this.#rest = bytes.subarray(end);
    return !done || bytes.length > 0;
  }
}

/** The files that the shelf must have of a layer, by the headers in the record. @throws Error for a broken record. */
export async function treeOfRecord(record: Buffer): Promise<ExpectedTree> {
  const tree = new ExpectedTree();
  const reader = new TarSplitReader(record);
  let header: Buffer[] = [];
  let padding = 0;
  try {
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
      if (part.type === segmentType) header.push(Buffer.from(part.payload ?? "", "base64"));
      if (part.type !== fileType) continue;
      const entry = parseHeaders(Buffer.concat(header), padding);
      checkName(part, entry);
      tree.add(entry);
      header = [];
      // The data of a global header is in the record.
      padding = -(entry.kind === "global header" ? entry.dataSize : (part.size ?? 0)) & (blockBytes - 1);
    }
  } finally {
    await reader.close();
  }
  tree.finish();
  return tree;
}

/** A record that gives a file another name than its header would prove the content of another file. */
function checkName(part: RecordLine, { kind, name }: TarEntry): void {
  if (kind === "global header" || cleanPath(nameOf(part)) === cleanPath(name)) return;
  throw new Error(`it calls ${showPath(name)} ${showPath(nameOf(part))}`);
}

/** The header at the end of the bytes between two files. @param padding Bytes that fill up the first file's block. */
function parseHeaders(bytes: Buffer, padding: number): TarEntry {
  const extension = noExtension();
  for (let at = padding; at + blockBytes <= bytes.length; ) {
    const block = bytes.subarray(at, at + blockBytes);
    const described = extensionSize(block);
    if (described === undefined) return parseHeader(block, extension);
    const data = at + blockBytes;
    extend(extension, block, bytes.subarray(data, data + described));
    at = data + described + (-described & (blockBytes - 1));
  }
  throw new Error("a file in it has no header");
}

/** The CRC-64 of each file's content (base64), by the file's place in the tree. */
export async function checksumsOf(record: Buffer, tree: ExpectedTree): Promise<Map<string, string>> {
  const checksums = new Map<string, string>();
  const reader = new TarSplitReader(record);
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    if (part.type !== fileType || !part.size) continue;
    const path = tree.place(nameOf(part));
    if (path !== undefined) checksums.set(path, part.payload ?? "");
  }
  return checksums;
}
