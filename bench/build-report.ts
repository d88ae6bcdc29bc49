/** The tables of the part `build`. */
import type { Via } from "../test/harness/build.js";
import type { AddedStep, ColdWay, PeakMemory, Runs } from "./build.js";
import { median } from "./report.js";
import type { Wire } from "./wire.js";

export interface MeasuredImage {
  readonly title: string;
  readonly cold: Runs<ColdWay>;
  readonly cached?: Runs<"cache import">;
  readonly memory: PeakMemory;
}

export function printBuilds(title: string, images: readonly MeasuredImage[]): void {
  printTable(
    title,
    images.map(({ title, cold, cached }) => {
      const direct = median(cold.direct);
      const seconds = Object.entries<readonly number[]>({ ...cold, ...cached });
      return [
        title,
        {
          ...Object.fromEntries(seconds.map(([way, runs]) => [`${way}, s`, median(runs).toFixed(2)])),
          "direct/ADD": (direct / median(cold.ADD)).toFixed(2),
          "direct/daemon": (direct / median(cold.daemon)).toFixed(2),
        },
      ];
    }),
  );
  printPeaks(images);
}

export function printPeaks(images: readonly Pick<MeasuredImage, "title" | "memory">[]): void {
  printTable(
    "unpacking the largest layer of each image: time, and peak memory of the agent, one run",
    images.map(({ title, memory: { blob, peak, seconds } }) => [
      title,
      {
        "layer, MB": (blob / 1e6).toFixed(1),
        seconds: seconds.toFixed(1),
        "peak, MB": (peak / 1e6).toFixed(0),
      },
    ]),
  );
}

export function printLayers(title: string, seconds: Runs<Via>): void {
  printTable(
    title,
    Object.entries<readonly number[]>(seconds).map(([via, runs]) => [via, { s: median(runs).toFixed(1) }]),
  );
}

export function printAdded(
  title: string,
  rows: readonly { readonly via: string; readonly added: Runs<AddedStep> }[],
): void {
  printTable(
    title,
    rows.map(({ via, added }) => [
      via,
      {
        "the ten, s": median(added.ten).toFixed(2),
        "one added to the ten, s": median(added["one added"]).toFixed(2),
        "that one alone, s": median(added["one alone"]).toFixed(2),
        "added/alone": (median(added["one added"]) / median(added["one alone"])).toFixed(2),
      },
    ]),
  );
}

export function printWire(title: string, rows: readonly Wire[]): void {
  printTable(
    title,
    rows.map(({ name, inner, added }) => [
      name,
      {
        "inner images, MB": (inner / 1e6).toFixed(1),
        "added layers, MB": (added / 1e6).toFixed(1),
        "added/inner": (added / inner).toFixed(3),
      },
    ]),
  );
}

function printTable(title: string, rows: readonly (readonly [string, object])[]): void {
  console.log(`\n${title}`);
  console.table(Object.fromEntries(rows));
}
