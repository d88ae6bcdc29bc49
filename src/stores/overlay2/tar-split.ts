import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ByteString, fromBytes } from "../../files/bytes.js";
import { forEachLine } from "../../files/lines.js";
import { type LayerNames, LayerNamesReader } from "../../shelf/layer-names.js";
import { byteString } from "../../shelf/whiteouts.js";

/** What `tar-split.json.gz` tells about the tar of a layer without reading the layer. */
export interface TarSplit extends LayerNames {
  /** Some entry has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
}

/** tar/storage/entry.go of vbatts/tar-split. */
const fileType = 1;
const segmentType = 2;
const xattrRecord = "SCHILY.xattr.";

/**
 * Reads Docker's record of a layer's tar, a JSON object a line, gzipped. It is a multiple of what the layer's names are, so
 * it is never in memory as a whole.
 * @throws Error if the file is something else.
 */
export async function readTarSplit(file: string): Promise<TarSplit> {
  const reader = new LayerNamesReader();
  let hasXattrs = false;
  await forEachEntry(file, (entry) => {
    if (entry.type === fileType) reader.add(nameOf(entry));
    else if (entry.type === segmentType && !hasXattrs) {
      hasXattrs = Buffer.from(entry.payload ?? "", "base64").includes(xattrRecord);
    }
  });
  if (reader.isUnsure) {
    await forEachEntry(file, (entry) => {
      if (entry.type === fileType) reader.find(nameOf(entry));
    });
  }
  return { ...reader.names, hasXattrs };
}

async function forEachEntry(file: string, onEntry: (entry: Entry) => void): Promise<void> {
  const unpacked = pipeline(createReadStream(file), createGunzip({ chunkSize: 1 << 18 }), () => {
    // The reader of the lines hears of an error, too.
  });
  await forEachLine(unpacked, (line) => {
    if (line.length > 0) onEntry(parseEntry(line.toString("utf8")));
  });
}

interface Entry {
  readonly type: number;
  readonly name?: string;
  /** Base64; instead of `name` where the name is not UTF-8. */
  readonly name_raw?: string;
  readonly payload?: string | null;
}

function parseEntry(line: string): Entry {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("type" in value)) {
    throw new Error(`not an entry of a tar-split file: ${line.slice(0, 80)}`);
  }
  return value as Entry;
}

function nameOf(entry: Entry): ByteString {
  return entry.name_raw ? fromBytes(Buffer.from(entry.name_raw, "base64")) : byteString(entry.name ?? "");
}
