import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { type ByteString, compare, fromBytes, toBytes } from "../../files/bytes.js";

/** What is at a path before and after a step; one of them is there. */
export interface Comparison {
  readonly path: ByteString;
  readonly before?: BigIntStats | undefined;
  readonly after?: BigIntStats | undefined;
}

type Stats = ReadonlyMap<ByteString, BigIntStats>;

/**
 * Goes through two trees at once: a directory comes right before what is in it, names are in the order of their bytes,
 * and of what was deleted or replaced there is no more than its top.
 * @param before Absent: there was nothing.
 */
export async function* walkTrees(before: string | undefined, after: string): AsyncGenerator<Comparison> {
  const [old, current] = await Promise.all([readStats(before), readStats(after)]);
  yield* walkDirectory({ root: before, stats: old }, { root: after, stats: current }, "");
}

interface Side {
  /** Absent: the directory is not there. */
  readonly root: string | undefined;
  readonly stats: Stats;
}

/** @param prefix Of the paths in the directory: empty, or ends with a slash. */
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

/** No tar has sockets, and a 0/0 device is a whiteout of overlayfs. */
function canBeInLayer(stat: BigIntStats): boolean {
  return !stat.isSocket() && !(stat.isCharacterDevice() && stat.rdev === 0n);
}
