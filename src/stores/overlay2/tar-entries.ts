import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ByteString, fromBytes } from "../../files/bytes.js";
import { batchesOfLines } from "../../files/lines.js";
import { byteString } from "../../shelf/whiteouts.js";
import { TarHeader } from "./tar-header.js";

/** An entry of a layer's tar, as Docker's record of the tar has it. */
export interface RecordedEntry {
  readonly name: ByteString;
  readonly header: TarHeader;
  /** The bytes between the content of the entry before it and its own content. */
  readonly before: Buffer;
  /** Bytes of its content in the tar. */
  readonly size: number;
}

/** Values of tar/storage/entry.go in vbatts/tar-split. */
export const fileType = 1;
export const segmentType = 2;
/** Types of entries that have no content, whatever their headers say. */
const bare = "123456g";

/**
 * The entries of `tar-split.json.gz`, a JSON object a line, gzipped, in the order of the tar. The record is several times
 * as large as the layer's names, so it is never in memory as a whole.
 * @throws Error if the file has another form.
 */
export async function* batchesOfEntries(file: string): AsyncGenerator<readonly RecordedEntry[]> {
  let segments: Buffer[] = [];
  let at = 0;
  for await (const records of batchesOfRecords(file)) {
    const entries: RecordedEntry[] = [];
    for (const record of records) {
      if (record.type === segmentType) segments.push(Buffer.from(record.payload ?? "", "base64"));
      if (record.type !== fileType) continue;
      const [first = Buffer.alloc(0)] = segments;
      const before = segments.length === 1 ? first : Buffer.concat(segments);
      segments = [];
      const skip = headerStart(before, at);
      const header = new TarHeader(before.subarray(skip));
      const size = bare.includes(header.type) ? 0 : (record.size ?? 0);
      at = (before.length - skip + size) % blockBytes;
      entries.push({ name: nameOf(record), header, before, size });
    }
    yield entries;
  }
}

/** The lines of such a file: what is behind the last entry, too. @throws Error if the file has another form. */
export async function* batchesOfRecords(file: string): AsyncGenerator<readonly RecordLine[]> {
  const unpacked = pipeline(createReadStream(file), createGunzip({ chunkSize: 1 << 18 }), () => {
    // The reader of the lines gets the error, too.
  });
  for await (const lines of batchesOfLines(unpacked)) {
    yield lines.filter((line) => line.length > 0).map((line) => parseRecord(line.toString("utf8")));
  }
}

/** The padding of the content before comes first. The records of a global header are not padded to a whole block. */
function headerStart(before: Buffer, at: number): number {
  const padding = (blockBytes - at) % blockBytes;
  const isGlobal =
    before[padding + 156] === 0x67 && before.toString("latin1", padding + 257, padding + 262) === "ustar";
  return isGlobal ? padding : before.length % blockBytes;
}

const blockBytes = 512;

export interface RecordLine {
  readonly type: number;
  readonly name?: string;
  /** Base64. It replaces `name` if the name is not UTF-8. */
  readonly name_raw?: string;
  /** Bytes of the content, which is not in the record. */
  readonly size?: number;
  /** Base64: the bytes of a segment, or the CRC-64 of a file's content. */
  readonly payload?: string | null;
}

export function parseRecord(line: string): RecordLine {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("type" in value)) {
    throw new Error(`not an entry of a tar-split file: ${line.slice(0, 80)}`);
  }
  return value as RecordLine;
}

export function nameOf({ name, name_raw }: RecordLine): ByteString {
  return name_raw ? fromBytes(Buffer.from(name_raw, "base64")) : byteString(name ?? "");
}
