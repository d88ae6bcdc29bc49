import { readlink } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { type ByteString, toBytes } from "../../files/bytes.js";
import { showPath, whiteoutPrefix } from "../../shelf/whiteouts.js";
import { type ReadFile, readFiles } from "./read-files.js";
import { endOfTar, entryType, formatHeader, type PackedEntry, padding } from "./tar-header.js";
import { type Change, inodeOf } from "./tree-changes.js";

type Present = Extract<Change, { kind: "present" }>;

/**
 * The tar of a layer: the same bytes on each machine and at any time.
 * @param root The tree after the changes.
 * @throws LarderError if a file has the name of a whiteout, since the layer would delete something.
 */
export async function* layerTar(root: string, changes: readonly Change[]): AsyncGenerator<Buffer> {
  const entries = [...withLinks(changes)];
  const files = entries.filter(isContent).map(({ path, stat }) => ({ path, size: stat.size }));
  const contents = readFiles(root, files);
  try {
    /** The capability of each file that may get further names, by its first name. */
    const capabilities = new Map<ByteString, Buffer>();
    for (const entry of entries) {
      if (entry.kind === "deleted") {
        yield formatHeader(whiteout(entry.path));
        continue;
      }
      const file = isContent(entry) ? await nextFile(contents, entry.path) : undefined;
      const capability = file?.capability ?? capabilities.get(entry.linkTo ?? entry.path);
      if (capability) capabilities.set(entry.path, capability);
      yield formatHeader(await describe(root, entry, capability));
      if (file === undefined) continue;
      yield* file.content;
      yield padding(entry.stat.size);
    }
    // The program that reads the files reports errors at its end.
    if (!(await contents.next()).done)
      throw new Error(`unreachable: ${root} has files that nobody asked for`);
    yield endOfTar;
  } finally {
    await contents.return(undefined);
  }
}

type Entry =
  | Extract<Change, { kind: "deleted" }>
  | (Present & {
      /** The file's earlier name in the layer. */
      readonly linkTo: ByteString | undefined;
    });

/** If a file has several names, the first one in the layer has the content. */
function* withLinks(changes: readonly Change[]): Generator<Entry> {
  const firstNames = new Map<string, ByteString>();
  for (const change of changes) {
    if (change.kind === "deleted") {
      yield change;
      continue;
    }
    const { path, stat } = change;
    if (path.slice(path.lastIndexOf("/") + 1).startsWith(whiteoutPrefix)) {
      throw new LarderError(
        `the stage's file "/${showPath(path)}" cannot be in an image, where names with ${whiteoutPrefix} stand for deleted files: rename it`,
      );
    }
    const hasOtherNames = !stat.isDirectory() && stat.nlink > 1n;
    const first = hasOtherNames ? firstNames.get(inodeOf(stat)) : undefined;
    if (hasOtherNames && first === undefined) firstNames.set(inodeOf(stat), path);
    yield { ...change, linkTo: first };
  }
}

function isContent(entry: Entry): entry is Present & { readonly linkTo: undefined } {
  return entry.kind === "present" && entry.linkTo === undefined && entry.stat.isFile();
}

async function nextFile(contents: AsyncGenerator<ReadFile>, path: ByteString): Promise<ReadFile> {
  const { value, done } = await contents.next();
  if (done) throw new Error(`unreachable: "${showPath(path)}" was not read`);
  return value;
}

/** Owner, mode and time of a whiteout have no meaning. */
function whiteout(path: ByteString): PackedEntry {
  const base = path.lastIndexOf("/") + 1;
  const name = path.slice(0, base) + whiteoutPrefix + path.slice(base);
  return { name, type: "file", mode: 0n, uid: 0n, gid: 0n, mtime: 0n };
}

async function describe(
  root: string,
  { path, stat, linkTo }: Exclude<Entry, { kind: "deleted" }>,
  capability: Buffer | undefined,
): Promise<PackedEntry> {
  const common = {
    name: path,
    mode: stat.mode & 0o7777n,
    uid: stat.uid,
    gid: stat.gid,
    mtime: mtimeOf({ stat }),
    capability,
  };
  if (linkTo !== undefined) return { ...common, type: "hard link", linkName: linkTo };
  const type = entryType(stat);
  switch (type) {
    case "file":
      return { ...common, type, size: stat.size };
    case "symbolic link":
      return { ...common, type, linkName: await readlink(toBytes(`${root}/${path}`), "latin1") };
    case "character device":
    case "block device":
      return { ...common, type, device: stat.rdev };
    case "directory":
    case "fifo":
      return { ...common, type };
  }
}

const nanoseconds = 1_000_000_000n;

/** Layers have whole seconds, like BuildKit's. Times before 1970 are rounded down, too. */
export function mtimeOf({ stat }: Pick<Present, "stat">): bigint {
  const seconds = stat.mtimeNs / nanoseconds;
  return stat.mtimeNs < seconds * nanoseconds ? seconds - 1n : seconds;
}
