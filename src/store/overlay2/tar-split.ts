import { gunzipSync } from "node:zlib";
import { type ByteString, fromBytes } from "../bytes.js";
import { byteString } from "../whiteouts.js";

/** What `tar-split.json.gz` tells about the tar of a layer without reading the layer. */
export interface TarSplit {
  /** Names of the entries, in the order of the tar, as they are in it. */
  readonly names: readonly ByteString[];
  /** Some entry has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
}

/** tar/storage/entry.go of vbatts/tar-split. */
const fileType = 1;
const segmentType = 2;
const xattrRecord = "SCHILY.xattr.";

/**
 * Reads Docker's record of a layer's tar: a JSON object a line, gzipped.
 * @throws Error if it is something else.
 */
export function parseTarSplit(gzipped: Uint8Array): TarSplit {
  const names: ByteString[] = [];
  let hasXattrs = false;
  for (const line of gunzipSync(gzipped).toString("utf8").split("\n")) {
    if (line === "") continue;
    const entry = parseEntry(line);
    if (entry.type === fileType) names.push(nameOf(entry));
    else if (entry.type === segmentType && !hasXattrs) {
      hasXattrs = Buffer.from(entry.payload ?? "", "base64").includes(xattrRecord);
    }
  }
  return { names, hasXattrs };
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
