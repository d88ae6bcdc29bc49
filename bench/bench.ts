/**
 * `npm run bench` measures three things.
 *
 * `frontend`: the additional time of a Dockerfile without PRELOAD with Larder instead of the builder's built-in
 * frontend, all steps cached.
 *
 * `stores`: the time from `docker run` of a system container to the first output of an inner container, for inner
 * images of three sizes, three inner stores and four ways to supply the image; and the bytes that each container
 * writes.
 * Stores: Docker with its graph driver, Docker with the containerd image store, containerd alone.
 * Ways: `larder` (PRELOAD), `empty` (the lower bound: an empty store, and busybox, whose loading is not counted),
 * `load` (docker load or ctr images import of a saved tar at start), `copy` (a copy of the daemon's root).
 * The ways take turns, so drift of the machine affects all of them equally.
 *
 * `memory`: the page cache of three containers that read all of the largest inner image, with PRELOAD and with copies of
 * the daemon's root.
 *
 * LARDER_BENCH_PARTS=frontend,stores,memory
 * LARDER_BENCH_BUILDS=20 (of `frontend`)
 * LARDER_BENCH_MEGABYTES=50,300,1000 LARDER_BENCH_RUNS=5
 * LARDER_BENCH_STORES=docker-overlay2,docker-containerd,containerd
 */
import { cleanUp } from "../test/harness/cleanup.js";
import { measureFrontends } from "./frontend.js";
import { buildInnerImage, buildSystems, type Way, ways } from "./images.js";
import { measureMemory, readers } from "./memory.js";
import { medians, printFrontends, printMemory, printTable } from "./report.js";
import { type Measurement, measure } from "./run.js";
import { type BenchStore, selectStores } from "./stores.js";

const parts = (process.env.LARDER_BENCH_PARTS ?? "frontend,stores,memory").split(",");
const builds = Number(process.env.LARDER_BENCH_BUILDS ?? 20);
const sizes = (process.env.LARDER_BENCH_MEGABYTES ?? "50,300,1000").split(",").map(Number);
const runs = Number(process.env.LARDER_BENCH_RUNS ?? 5);
const stores = selectStores(process.env.LARDER_BENCH_STORES);

async function benchStore(store: BenchStore, megabytes: number, inner: string): Promise<void> {
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

try {
  if (parts.includes("frontend")) {
    const title = `a Dockerfile without PRELOAD, all cached, medians of ${builds} builds`;
    printFrontends(title, await measureFrontends(builds));
  }
  for (const megabytes of parts.includes("stores") ? sizes : []) {
    const inner = await buildInnerImage(megabytes);
    for (const store of stores) await benchStore(store, megabytes, inner);
  }
  if (parts.includes("memory")) {
    const megabytes = Math.max(...sizes);
    const inner = await buildInnerImage(megabytes);
    for (const store of stores) {
      const title = `${store.name}, ${readers} containers read an inner image of ${megabytes} MB, one run`;
      printMemory(title, await measureMemory(store, inner));
    }
  }
} finally {
  await cleanUp();
}
