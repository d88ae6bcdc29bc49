import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { type ByteString, compare, fromBytes, toBytes } from "../../files/bytes.js";

/** A path before and after a step. At least one of the two exists. */
export interface Comparison {
  readonly path: ByteString;
  readonly before?: BigIntStats | undefined;
  readonly after?: BigIntStats | undefined;
}

type Stats = ReadonlyMap<ByteString, BigIntStats>;

/**
 * Goes through two trees together. A directory comes directly before its content, and names are in the order of their
 * bytes. Of a deleted or replaced tree, only the top comes.
 * @param before Absent: there was nothing.
 */
export async function* walkTrees(before: string | undefined, after: string): AsyncGenerator<Comparison> {
  const [old, current] = await Promise.all([readStats(before), readStats(after)]);
  yield* walkDirectory({ root: before, stats: old }, { root: after, stats: current }, "");
}

interface Side {
  /** Absent: the directory does not exist. */
  readonly root: string | undefined;
  readonly stats: Stats;
}

/** @param prefix of the paths in the directory: empty, or with a slash at its end. */
async function* walkDirectory(old: Side, current: Side, prefix: ByteString): AsyncGenerator<Comparison> {
  const names = [...new Set([...old.stats.keys(), ...current.stats.keys()])].sort(compare);
  for (const name of names) {
    const [before, after] = [old.stats.get(name), current.stats.get(name)];
    const path = prefix + name;
    yield { path, before, after };
    if (!after?.isDirectory()) continue;
    const oldRoot = before?.isDirectory() ? old.root : undefined;
    const below = await Promise.all([readStats(oldRoot, path), readStats(current.root, path)]);
    yield* walkDirectory(
      { root: oldRoot, stats: below[0] },
      { root: current.root, stats: below[1] },
      `${path}/`,
    );
  }
}

async function readStats(root: string | undefined, path: ByteString = ""): Promise<Stats> {
  if (root === undefined) return new Map();
  const directory = `${root}/${path}`;
  const names = (await readdir(toBytes(directory), { encoding: "buffer" })) as unknown as Buffer[];
  const stats = await Promise.all(
    names.map(async (bytes) => {
      const name = fromBytes(bytes);
      return [name, await lstat(toBytes(`${directory}/${name}`), { bigint: true })] as const;
    }),
  );
  return new Map(stats.filter(([, stat]) => canBeInLayer(stat)));
}

/** A tar cannot hold sockets, and a 0/0 device is a whiteout of overlayfs. */
function canBeInLayer(stat: BigIntStats): boolean {
  return !stat.isSocket() && !(stat.isCharacterDevice() && stat.rdev === 0n);
}
