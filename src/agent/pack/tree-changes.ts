import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { readlink } from "node:fs/promises";
import { type ByteString, parentsOf, toBytes } from "../../files/bytes.js";
import { readFiles } from "./read-files.js";
import { type Comparison, walkTrees } from "./tree-walk.js";

/** What a layer says of a path: what is there from now on, or that nothing is. */
export type Change =
  | { readonly kind: "present"; readonly path: ByteString; readonly stat: BigIntStats }
  | { readonly kind: "deleted"; readonly path: ByteString };

type Present = Extract<Change, { kind: "present" }>;

/**
 * What makes one tree of another, as BuildKit writes it into layers: what is new or not the same, all names of a file
 * if one of them is, the directories above these, and what was deleted. A directory comes before what is in it. The
 * root itself is no part of a layer.
 * @param before Absent: all is new.
 */
export async function findChanges(before: string | undefined, after: string): Promise<Change[]> {
  const kept: Change[] = [];
  const changed = new Set<Change>();
  /** Files that are the same but for what a look at them does not tell. */
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

/** Unchanged directories go with what is in them, unchanged files with their other names. */
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
  // Snapshots share the inodes of what they have in common, and each change of an inode sets its ctime.
  if (before.ino === after.ino && before.ctimeNs === after.ctimeNs) return "same";
  if (after.isFile()) return "doubtful";
  if (!after.isSymbolicLink()) return "same";
  const [old, current] = await Promise.all(
    [beforeRoot, afterRoot].map((root) => readlink(toBytes(`${root}/${path}`), "latin1")),
  );
  return old === current ? "same" : "changed";
}

/**
 * The mode has the kind of file, too. Of a directory neither size nor time counts: BuildKit makes mount points in /etc
 * for each RUN and takes them away again.
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

/** Those of the files that have other contents or another capability in the two trees. */
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

/** A layer cannot say that a new file is the same as one in a layer below. */
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

/** The same for all names of a file in a tree, and for no other file of the tree. */
export function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Without an entry, the directory's owner, mode and time are what the program that unpacks the layer thinks fit. */
function addParents(kept: readonly Change[], changed: Set<Change>): void {
  const needed = new Set<ByteString>();
  for (const { path } of changed) for (const parent of parentsOf(path)) needed.add(parent);
  for (const change of kept) if (needed.has(change.path)) changed.add(change);
}
