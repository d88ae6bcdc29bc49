import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { readlink } from "node:fs/promises";
import { type ByteString, parentsOf, toBytes } from "../../files/bytes.js";
import { readFiles } from "./read-files.js";
import { type Comparison, walkTrees } from "./tree-walk.js";

/** A layer's statement about a path: a file is there now, or nothing is. */
export type Change =
  | { readonly kind: "present"; readonly path: ByteString; readonly stat: BigIntStats }
  | { readonly kind: "deleted"; readonly path: ByteString };

type Present = Extract<Change, { kind: "present" }>;

/**
 * The changes between two trees, as BuildKit writes them into layers: new and changed files, all names of a file if one
 * of them is among these, the directories above, and deleted files. A directory comes before its content. The root
 * itself is no part of a layer.
 * @param before Absent: everything is new.
 */
export async function findChanges(before: string | undefined, after: string): Promise<Change[]> {
  const kept: Change[] = [];
  const changed = new Set<Change>();
  /** Files that have the same metadata but may differ in content or capability. */
  const doubtful: Present[] = [];
  for await (const comparison of walkTrees(before, after)) {
    const change = changeOf(comparison);
    if (change === undefined) continue;
    const state = change.kind === "deleted" ? "changed" : await compareStats(comparison, before, after);
    if (state === "changed") changed.add(change);
    if (state === "doubtful") doubtful.push(change as Present);
    if (state !== "same" || mayBeNeeded(change)) kept.push(change);
  }
  if (before !== undefined) {
    for (const file of await differingFiles(before, after, doubtful)) changed.add(file);
  }
  addOtherNames(kept, changed);
  addParents(kept, changed);
  return kept.filter((change) => changed.has(change));
}

function changeOf({ path, before, after }: Comparison): Change | undefined {
  if (after) return { kind: "present", path, stat: after };
  return before && { kind: "deleted", path };
}

/** Unchanged directories are needed for their content, unchanged files for their other names. */
function mayBeNeeded(change: Change): boolean {
  return change.kind === "present" && (change.stat.isDirectory() || change.stat.nlink > 1n);
}

type State = "same" | "changed" | "doubtful";

async function compareStats(
  { path, before, after }: Comparison,
  beforeRoot: string | undefined,
  afterRoot: string,
): Promise<State> {
  if (!before || !after || !hasSameMetadata(before, after)) return "changed";
  // Snapshots share the inodes of common files, and each change of an inode sets its ctime.
  if (before.ino === after.ino && before.ctimeNs === after.ctimeNs) return "same";
  if (after.isFile()) return "doubtful";
  if (!after.isSymbolicLink()) return "same";
  const [old, current] = await Promise.all(
    [beforeRoot, afterRoot].map((root) => readlink(toBytes(`${root}/${path}`), "latin1")),
  );
  return old === current ? "same" : "changed";
}

/**
 * The mode includes the kind of file. Size and time of a directory do not count: BuildKit makes mount points in /etc
 * for each RUN, and removes them again.
 */
function hasSameMetadata(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.rdev === b.rdev &&
    (a.isDirectory() || (a.size === b.size && a.mtimeNs === b.mtimeNs))
  );
}

/** The files whose contents or capabilities differ between the trees. */
async function differingFiles(before: string, after: string, files: readonly Present[]): Promise<Present[]> {
  const [old, current] = await Promise.all([hashFiles(before, files), hashFiles(after, files)]);
  return files.filter((_, index) => old[index] !== current[index]);
}

async function hashFiles(root: string, files: readonly Present[]): Promise<string[]> {
  const hashes: string[] = [];
  const wanted = files.map(({ path, stat }) => ({ path, size: stat.size }));
  for await (const { capability, content } of readFiles(root, wanted)) {
    const hash = createHash("sha256");
    for await (const chunk of content) hash.update(chunk);
    hashes.push(`${hash.digest("hex")} ${capability?.toString("hex")}`);
  }
  return hashes;
}

/** A layer cannot link a new file to a file of a layer below. */
function addOtherNames(kept: readonly Change[], changed: Set<Change>): void {
  const inodes = new Set<string>();
  for (const change of changed) {
    if (change.kind === "present" && hasOtherNames(change.stat)) inodes.add(inodeOf(change.stat));
  }
  for (const change of kept) {
    if (change.kind === "present" && hasOtherNames(change.stat) && inodes.has(inodeOf(change.stat)))
      changed.add(change);
  }
}

function hasOtherNames(stat: BigIntStats): boolean {
  return !stat.isDirectory() && stat.nlink > 1n;
}

/** The same for all names of a file in a tree, and different for other files. */
export function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** If a directory has no entry, the unpacking program chooses its owner, mode and time. */
function addParents(kept: readonly Change[], changed: Set<Change>): void {
  const needed = new Set<ByteString>();
  for (const { path } of changed) for (const parent of parentsOf(path)) needed.add(parent);
  for (const change of kept) if (needed.has(change.path)) changed.add(change);
}
