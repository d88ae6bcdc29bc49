/**
 * `npm run bench` measures five things.
 *
 * `frontend`: the additional time of a Dockerfile without PRELOAD with Larder instead of the builder's built-in
 * frontend, all steps cached; and on an empty builder, in the place of BuildKit's own frontend as an image.
 *
 * `build`: the time of a build with PRELOAD and of its push, on a builder that has the frontend, the image of the steps
 * and the base. Inner images are of three sizes, of many small files or few large ones, with 2 and 20 layers. Compared:
 * the direct way, the daemon way, upstream's ADD of the same blobs, and skopeo and tar without a build. Then a build with
 * an imported cache; one image added to ten, beside that image alone; the peak memory of the agent; and for each store
 * the bytes of the added layers over those of the inner images. It runs on an engine of its own, or with
 * `lab/run.sh lab/buildkitd.sh run tsx bench/bench.ts` on the lab's buildkitd, which forgets its cache.
 * The lab's registry keeps what was pushed, until `lab/down.sh --purge`.
 *
 * `extremes`: the memory of the agent with a layer of 3 GB, one of 500,000 files and one of 10 GB of zeros; and the time of
 * a build with 480 layers by both ways.
 *
 * `stores`: the time from `docker run` of a system container to the first output of an inner container, for inner
 * images of three sizes, four inner stores and four ways to supply the image; and the bytes that each container
 * writes.
 * Stores: Docker with its graph driver, Docker with the containerd image store, containerd alone.
 * Ways: `larder` (PRELOAD), `empty` (the lower bound: an empty store, and busybox, whose loading is not counted),
 * `load` (docker load or ctr images import of a saved tar at start), `copy` (a copy of the daemon's root).
 * The ways take turns, so drift of the machine affects all of them equally.
 *
 * `memory`: the page cache of three containers that read all of the largest inner image, with PRELOAD and with copies of
 * the daemon's root.
 *
 * LARDER_BENCH_PARTS=frontend,build,extremes,stores,memory
 * LARDER_BENCH_BUILDS=20 (of `frontend`)
 * LARDER_BENCH_MEGABYTES=50,300,1000 LARDER_BENCH_RUNS=5 (also of `frontend` on an empty builder)
 * LARDER_BENCH_QUICK=1: `build` has two images only, of 50 and 300 MB, and one run; the others have these sizes and runs
 * LARDER_BENCH_STORES=docker-overlay2,docker-containerd,containerd,podman
 */
import { cleanUp } from "../test/harness/cleanup.js";
import { measureAdded, measureCached, measureCold, measurePeak } from "./build.js";
import { describeShape, type ImageShape, pushGenerated } from "./build-images.js";
import {
  type MeasuredImage,
  printAdded,
  printBuilds,
  printLayers,
  printPeaks,
  printWire,
} from "./build-report.js";
import { BenchBuilder } from "./builder.js";
import { extremeShapes, manyShapes, measureMany } from "./extremes.js";
import { measureEmpty, measureFrontends } from "./frontend.js";
import { buildInnerImage, buildSystems, type Way, ways } from "./images.js";
import { measureMemory, readers } from "./memory.js";
import { medians, printFrontends, printMemory, printTable } from "./report.js";
import { type Measurement, measure } from "./run.js";
import { type BenchStore, selectStores } from "./stores.js";
import { measureWire } from "./wire.js";

const parts = (process.env.LARDER_BENCH_PARTS ?? "frontend,build,extremes,stores,memory").split(",");
const builds = Number(process.env.LARDER_BENCH_BUILDS ?? 20);
const quick = process.env.LARDER_BENCH_QUICK === "1";
const sizes = (process.env.LARDER_BENCH_MEGABYTES ?? (quick ? "50,300" : "50,300,1000"))
  .split(",")
  .map(Number);
const runs = Number(process.env.LARDER_BENCH_RUNS ?? (quick ? 1 : 5));
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

/** The images whose builds are measured. */
function buildShapes(): ImageShape[] {
  const small = (megabytes: number, layers: number): ImageShape => ({ megabytes, files: "small", layers });
  const large = (megabytes: number, layers: number): ImageShape => ({ megabytes, files: "large", layers });
  if (quick) return [small(Math.min(...sizes), 20), large(Math.max(...sizes), 2)];
  return sizes.flatMap((size) => [2, 20].flatMap((layers) => [small(size, layers), large(size, layers)]));
}

async function benchBuild(): Promise<void> {
  const [{ base } = { base: "" }] = selectStores("docker-overlay2");
  const builder = await BenchBuilder.start(base);
  const shapes = buildShapes();
  const measured: MeasuredImage[] = [];
  for (const shape of shapes) {
    const image = await pushGenerated(shape);
    const cold = await measureCold(builder, base, image, runs);
    // The quick run imports the cache of the largest image only.
    const cached =
      !quick || shape === shapes.at(-1) ? await measureCached(builder, base, image, runs) : undefined;
    const memory = await measurePeak(builder, image);
    measured.push({ title: describeShape(shape), cold, ...(cached && { cached }), memory });
    console.log(`${describeShape(shape)}: seconds of each run: ${JSON.stringify({ ...cold, ...cached })}`);
  }
  printBuilds(`a build with PRELOAD and its push, medians of ${runs} runs`, measured);
  const ways = quick ? (["direct"] as const) : (["direct", "daemon"] as const);
  const added = [];
  for (const via of ways) added.push({ via, added: await measureAdded(builder, base, via, runs) });
  printAdded(`one image added to ten, medians of ${runs} runs`, added);
  const smallest = shapes.filter(({ megabytes }) => megabytes === Math.min(...sizes));
  const inner = await Promise.all(smallest.map(pushGenerated));
  printWire(
    "bytes that PRELOAD adds, over those of the inner images",
    await measureWire(builder, stores, inner),
  );
}

async function benchExtremes(): Promise<void> {
  const [{ base } = { base: "" }] = selectStores("docker-overlay2");
  const builder = await BenchBuilder.start(base);
  const peaks = [];
  for (const shape of extremeShapes) {
    const memory = await measurePeak(builder, await pushGenerated(shape));
    peaks.push({ title: describeShape(shape), memory });
  }
  printPeaks(peaks);
  const layers = manyShapes.reduce((sum, shape) => sum + shape.layers, 0);
  printLayers(
    `a build with ${layers} layers, medians of ${runs} runs`,
    await measureMany(builder, base, runs),
  );
}

try {
  if (parts.includes("build")) await benchBuild();
  if (parts.includes("extremes")) await benchExtremes();
  if (parts.includes("frontend")) {
    const title = `a Dockerfile without PRELOAD, all cached, medians of ${builds} builds`;
    printFrontends(title, await measureFrontends(builds));
    const empty = await measureEmpty(runs);
    const onEmpty = `a Dockerfile without PRELOAD on an empty builder, medians of ${runs} builds`;
    if (typeof empty === "string") console.log(`\n${onEmpty}: not measured: ${empty}`);
    else printFrontends(onEmpty, empty);
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
