import type { Way } from "./images.js";
import type { Measurement } from "./run.js";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Medians of one size; what the issue of speed is about is the difference to the empty store. */
export function printTable(megabytes: number, runs: number, medians: ReadonlyMap<Way, Measurement>): void {
  const larder = medians.get("larder");
  const empty = medians.get("empty");
  if (!larder || !empty) throw new Error("unreachable: every way was measured");
  console.log(`\ninner image of ${megabytes} MB, medians of ${runs} runs`);
  console.table(
    Object.fromEntries(
      [...medians].map(([way, { seconds, bytes }]) => [
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
