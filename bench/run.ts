/** One system container from its start to the first output of an inner container. */
import { spawn } from "node:child_process";
import { dockerHost } from "../test/harness/docker.js";
import { lab } from "../test/harness/lab.js";
import { SystemContainer } from "../test/harness/system-container.js";
import type { BenchImages, Way } from "./images.js";

export interface Measurement {
  /** From `docker run` of the system container to the first output of an inner container. */
  readonly seconds: number;
  /** Written by the container, in its layer and its data root. */
  readonly bytes: number;
}

export async function measure({ inner, system }: BenchImages, way: Way): Promise<Measurement> {
  const name = `larder-bench-${way}-${process.pid}`;
  const [entrypoint, script] = commands(way, inner);
  const container = SystemContainer.named(name);
  const flags = ["--privileged", "--network", "none", "--name", name, "--entrypoint", "sh"];
  const start = performance.now();
  const child = spawn(lab.docker, ["run", ...flags, system[way], "-c", entrypoint, "sh", script], {
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

/** What runs before the inner daemon, and what runs when it answers. */
function commands(way: Way, inner: string): [entrypoint: string, script: string] {
  const start = 'exec system-entrypoint sh -c "$1"';
  const run = `docker run --rm --network none ${inner} echo first-output; sleep infinity`;
  switch (way) {
    case "larder":
      return [start, run];
    case "empty":
      return [start, importScript];
    case "load":
      return [start, `docker load --quiet --input /seed.tar >/dev/null; ${run}`];
    case "copy":
      return [`cp -a /seed/. /var/lib/docker; ${start}`, run];
  }
}

const importScript = `before=$(date +%s%N); docker import /seed.tar seed >/dev/null; after=$(date +%s%N)
echo uncounted $((after - before))
docker run --rm --network none seed /bin/busybox echo first-output; sleep infinity`;

/** When the first output came (ms), and the seconds that the container says not to count. */
async function firstOutput(stream: NodeJS.ReadableStream): Promise<{ at: number; uncounted: number }> {
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    if (!text.includes("first-output")) continue;
    const nanoseconds = Number(/^uncounted (\d+)$/m.exec(text)?.[1] ?? 0);
    return { at: performance.now(), uncounted: nanoseconds / 1e9 };
  }
  throw new Error(`the system container ended without the inner container's output:\n${text}`);
}
