import type { Seconds } from "./frontend.js";
import type { Way } from "./images.js";
import type { CachedWay } from "./memory.js";
import type { Measurement } from "./run.js";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function medians(results: ReadonlyMap<Way, readonly Measurement[]>): ReadonlyMap<Way, Measurement> {
  const of = (list: readonly Measurement[]): Measurement => ({
    seconds: median(list.map(({ seconds }) => seconds)),
    bytes: median(list.map(({ bytes }) => bytes)),
  });
  return new Map([...results].map(([way, list]) => [way, of(list)]));
}

/** Medians of the builds with each frontend, and the additional time over the first one. */
export function printFrontends<Name extends string>(title: string, seconds: Seconds<Name>): void {
  const rows = Object.entries<readonly number[]>(seconds);
  const [first, list = []] = rows[0] ?? [];
  console.log(`\n${title}`);
  console.table(
    Object.fromEntries(
      rows.map(([name, each]) => [
        name,
        {
          "docker buildx build, s": median(each).toFixed(3),
          [`over ${first}, s`]: (median(each) - median(list)).toFixed(3),
        },
      ]),
    ),
  );
}

export function printMemory(title: string, bytes: Readonly<Record<CachedWay, number>>): void {
  console.log(`\n${title}`);
  console.table(
    Object.fromEntries(
      Object.entries(bytes).map(([way, cached]) => [
        way,
        {
          "page cache, MB": (cached / 1e6).toFixed(0),
          "times larder": (cached / bytes.larder).toFixed(2),
        },
      ]),
    ),
  );
}

/** Medians of one store and size. Their difference to the empty store is the important number. */
export function printTable(title: string, rows: ReadonlyMap<Way, Measurement>): void {
  const larder = rows.get("larder");
  const empty = rows.get("empty");
  if (!larder || !empty) throw new Error("unreachable: every way was measured");
  console.log(`\n${title}`);
  console.table(
    Object.fromEntries(
      [...rows].map(([way, { seconds, bytes }]) => [
        way,
        {
          "to first output, s": seconds.toFixed(3),
          "over empty store, s": (seconds - empty.seconds).toFixed(3),
          "times larder": (seconds / larder.seconds).toFixed(2),
          "written, MB": (bytes / 1e6).toFixed(2),
        },
      ]),
    ),
  );
}
