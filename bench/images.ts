/** The system images that are compared: the same base, once for each way to supply the inner image. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../test/harness/build.js";
import { docker } from "../test/harness/docker.js";
import { labImage } from "../test/harness/lab.js";
import { SystemContainer } from "../test/harness/system-container.js";
import type { BenchStore } from "./stores.js";

export const ways = ["larder", "empty", "load", "copy"] as const;
export type Way = (typeof ways)[number];

/** The image for measurements of the empty store. */
export const smallImage = labImage("busybox:1");

const innerLayers = 4;

/** Builds an inner image with this many megabytes of random bytes, in four layers on busybox's. */
export async function buildInnerImage(megabytes: number): Promise<string> {
  const inner = labImage(`larder-bench/inner:${megabytes}`);
  const count = Math.round(megabytes / innerLayers);
  const files = Array.from(
    { length: innerLayers },
    (_, k) => `RUN dd if=/dev/urandom of=/data${k} bs=1M count=${count}`,
  );
  await build({
    larder: false,
    tag: inner,
    args: ["--push"],
    dockerfile: [`FROM ${smallImage}`, ...files].join("\n"),
  });
  return inner;
}

/** Builds the system images of a store for an inner image. */
export async function buildSystems(store: BenchStore, inner: string): Promise<Readonly<Record<Way, string>>> {
  const name = (way: Way) => `larder-bench-${store.name}-${way}:${inner.split(":").at(-1)}`;
  const system = { larder: name("larder"), empty: name("empty"), load: name("load"), copy: name("copy") };
  await build({ tag: system.larder, dockerfile: `${store.base}PRELOAD ${inner}\n` });
  await buildSeeded(store, system.empty, smallImage);
  await buildSeeded(store, system.load, inner);
  await buildCopied(store, system.copy, system.load);
  return system;
}

/** `/seed.tar`: the output of `docker save`. */
async function buildSeeded({ base }: BenchStore, tag: string, image: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  try {
    await docker(["pull", "--quiet", image]);
    await docker(["save", "--output", join(folder, "seed.tar"), image]);
    const args = ["--build-context", `seed=${folder}`];
    await build({ larder: false, tag, args, dockerfile: `${base}COPY --from=seed seed.tar /seed.tar\n` });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `/seed`: the parts with images of a daemon's root, after the daemon has loaded the image. */
async function buildCopied(
  { daemon, root, parts, load }: BenchStore,
  tag: string,
  seeded: string,
): Promise<void> {
  const container = await SystemContainer.start(seeded, { daemon });
  const copy = `${load} && mkdir /seed && cd ${root} && cp -a ${parts.join(" ")} /seed && rm /seed.tar`;
  await container.exec("sh", "-c", copy);
  await docker(["commit", container.id, tag]);
  await container.remove();
}
