/**
 * `npm run bench`: from `docker run` of a system container to the first output of an inner container, for
 * inner images of three sizes, three inner stores and four ways to have the image there; and the bytes each
 * container writes.
 *
 * Stores: Docker with its graph driver, Docker with the containerd image store, containerd alone.
 * Ways: `larder` (PRELOAD), `empty` (the floor: an empty store, and busybox, whose loading is not counted),
 * `load` (docker load or ctr images import of a saved tar at start), `copy` (a copy of the daemon's root).
 * The ways take turns, so that drift of the machine falls on all of them alike.
 *
 * LARDER_BENCH_MEGABYTES=50,300,1000 LARDER_BENCH_RUNS=5
 * LARDER_BENCH_STORES=docker-overlay2,docker-containerd,containerd
 */
import { cleanUp } from "../test/harness/cleanup.js";
import { buildInnerImage, buildSystems, type Way, ways } from "./images.js";
import { medians, printTable } from "./report.js";
import { type Measurement, measure } from "./run.js";
import { selectStores } from "./stores.js";

const sizes = (process.env.LARDER_BENCH_MEGABYTES ?? "50,300,1000").split(",").map(Number);
const runs = Number(process.env.LARDER_BENCH_RUNS ?? 5);
const stores = selectStores(process.env.LARDER_BENCH_STORES);

try {
  for (const megabytes of sizes) {
    const inner = await buildInnerImage(megabytes);
    for (const store of stores) {
      const systems = await buildSystems(store, inner);
      const results = new Map<Way, Measurement[]>(ways.map((way) => [way, []]));
      // The first round warms the page cache and is not counted.
      for (let round = 0; round <= runs; round++) {
        for (const way of ways) {
          const measurement = await measure(store, way, systems[way], inner);
          if (round > 0) results.get(way)?.push(measurement);
        }
      }
      printTable(`${store.name}, inner image of ${megabytes} MB, medians of ${runs} runs`, medians(results));
    }
  }
} finally {
  await cleanUp();
}
