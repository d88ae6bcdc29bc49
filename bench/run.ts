/** Measures one system container from its start to the first output of an inner container. */
import { spawn } from "node:child_process";
import { dockerHost } from "../test/harness/docker.js";
import { lab } from "../test/harness/lab.js";
import { SystemContainer } from "../test/harness/system-container.js";
import { smallImage, type Way } from "./images.js";
import type { BenchStore } from "./stores.js";

export interface Measurement {
  /** From `docker run` of the system container to the first output of an inner container. */
  readonly seconds: number;
  /** Bytes that the container writes, in its layer and its data root. */
  readonly bytes: number;
}

/** @param system The system image for the way. */
export async function measure(
  store: BenchStore,
  way: Way,
  system: string,
  inner: string,
): Promise<Measurement> {
  const name = `larder-bench-${store.name}-${way}-${process.pid}`;
  const [entrypoint, script] = commands(store, way, inner);
  const container = SystemContainer.named(name, { daemon: store.daemon });
  const flags = ["--privileged", "--network", "none", "--name", name, "--entrypoint", "sh"];
  const start = performance.now();
  const child = spawn(lab.docker, ["run", ...flags, system, "-c", entrypoint, "sh", script], {
    env: { ...process.env, DOCKER_HOST: dockerHost() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const { at, uncounted } = await firstOutput(child.stdout);
    return { seconds: (at - start) / 1000 - uncounted, bytes: await container.written() };
  } finally {
    await container.remove();
  }
}

const firstCommand = "echo first-output";

/** The commands before the inner daemon starts, and those after it answers. */
function commands(store: BenchStore, way: Way, inner: string): [entrypoint: string, script: string] {
  const start = 'exec system-entrypoint sh -c "$1"';
  // Sizes are measured after the inner container is gone.
  const end = "echo finished; sleep infinity";
  const run = `${store.run(inner, firstCommand)}; ${end}`;
  switch (way) {
    case "larder":
      return [start, run];
    case "empty":
      return [start, `${uncountedLoad(store)}\n${store.run(smallImage, firstCommand)}; ${end}`];
    case "load":
      return [start, `${store.load}; ${run}`];
    case "copy":
      return [`cp -a /seed/. ${store.root}; ${start}`, run];
  }
}

function uncountedLoad({ load }: BenchStore): string {
  return `before=$(date +%s%N); ${load}; after=$(date +%s%N)\necho uncounted $((after - before))`;
}

/**
 * Waits for the end. Gives the time of the first output (ms), and the seconds that the container reports as not to be
 * counted.
 */
async function firstOutput(stream: NodeJS.ReadableStream): Promise<{ at: number; uncounted: number }> {
  let text = "";
  let at: number | undefined;
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes("first-output")) at ??= performance.now();
    if (at === undefined || !text.includes("finished")) continue;
    const nanoseconds = Number(/^uncounted (\d+)$/m.exec(text)?.[1] ?? 0);
    return { at, uncounted: nanoseconds / 1e9 };
  }
  throw new Error(`the system container ended without the inner container's output:\n${text}`);
}
