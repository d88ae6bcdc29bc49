/**
 * `npm run bench`: from `docker run` of a system container to the first output of an inner container, for
 * inner images of three sizes and four ways to have them there; and the bytes each container writes.
 *
 * Ways: `larder` (PRELOAD), `empty` (the floor: an empty store, and an inner image of one small file whose
 * import is not counted), `load` (docker load of a saved tar at start), `copy` (a copy of a data root).
 * The ways take turns, so that drift of the machine falls on all of them alike.
 */
import { cleanUp } from "../test/harness/cleanup.js";
import { prepare, type Way, ways } from "./images.js";
import { median, printTable } from "./report.js";
import { type Measurement, measure } from "./run.js";

const sizes = (process.env.LARDER_BENCH_MEGABYTES ?? "50,300,1000").split(",").map(Number);
const runs = Number(process.env.LARDER_BENCH_RUNS ?? 5);

try {
  for (const megabytes of sizes) {
    const images = await prepare(megabytes);
    const results = new Map<Way, Measurement[]>(ways.map((way) => [way, []]));
    // The first round warms the page cache and is not counted.
    for (let round = 0; round <= runs; round++) {
      for (const way of ways) {
        const measurement = await measure(images, way);
        if (round > 0) results.get(way)?.push(measurement);
      }
    }
    const medians = new Map(
      ways.map((way) => {
        const list = results.get(way) ?? [];
        return [
          way,
          { seconds: median(list.map((m) => m.seconds)), bytes: median(list.map((m) => m.bytes)) },
        ];
      }),
    );
    printTable(megabytes, runs, medians);
  }
} finally {
  await cleanUp();
}
