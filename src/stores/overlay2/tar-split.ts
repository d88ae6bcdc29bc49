import type { ByteString } from "../../files/bytes.js";
import { type LayerNames, LayerNamesReader } from "../../shelf/layer-names.js";
import { PlainEntries } from "./plain-entries.js";
import { batchesOfEntries, type RecordedEntry } from "./tar-entries.js";

/** The facts about a layer's tar that `tar-split.json.gz` gives without a look into the layer. */
export interface TarSplit extends LayerNames {
  /** Some entry has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
  /** Paths that have a whiteout, opaque directories not counted. */
  readonly deleted: readonly ByteString[];
  /** A name that engines take in different ways, if there is one. */
  readonly strange: ByteString | undefined;
  /** An entry of a type that engines do not know, if there is one. */
  readonly unknown: RecordedEntry | undefined;
  /** Keys of its pax global headers. */
  readonly globals: readonly string[];
  /** The hard links of the tar, in their order. */
  readonly links: readonly HardLink[];
  /** No entry but a directory has others below it, and more: see {@link PlainEntries}. */
  readonly isPlain: boolean;
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

const xattrRecord = "SCHILY.xattr.";

/**
 * Reads Docker's record of a layer's tar.
 * @throws Error if the file has another form.
 */
export async function readTarSplit(file: string): Promise<TarSplit> {
  const reader = new LayerNamesReader();
  const plain = new PlainEntries(reader);
  let hasXattrs = false;
  let unknown: RecordedEntry | undefined;
  const globals = new Set<string>();
  const links: HardLink[] = [];
  for await (const entries of batchesOfEntries(file)) {
    for (const entry of entries) {
      const { name, header, before } = entry;
      const marked = before.includes(xattrRecord);
      hasXattrs ||= marked;
      // GNU tar applies them, and Docker does not.
      for (const key of header.globalKeys) globals.add(key);
      // Docker ignores the entry of a global header, which has a name.
      if (header.type === "g") continue;
      if (!knownTypes.includes(header.type)) unknown ??= entry;
      reader.add(name, isDirectory(entry));
      plain.add(entry, marked);
      if (header.type === "1") links.push(hardLink(entry));
    }
  }
  if (reader.isUnsure || plain.isUnsure) {
    for await (const entries of batchesOfEntries(file)) {
      for (const entry of entries) {
        if (entry.header.type === "g") continue;
        reader.find(entry.name, isDirectory(entry));
        plain.find(entry);
      }
    }
  }
  const { deleted, strange } = reader;
  return {
    ...reader.names,
    deleted,
    strange,
    unknown,
    hasXattrs,
    globals: [...globals],
    links,
    isPlain: plain.isPlain,
  };
}

/** Files, hard and symbolic links, devices, directories and fifos. */
const knownTypes = "0123456";

export function isDirectory({ name, header }: RecordedEntry): boolean {
  return header.type === "5" || (header.isOld && name.endsWith("/"));
}

function hardLink({ name, header }: RecordedEntry): HardLink {
  const { mode, uid, gid, mtime } = header;
  return { path: name, mode, uid, gid, mtime: mtime === undefined ? undefined : Math.floor(Number(mtime)) };
}
