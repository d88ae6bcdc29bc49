/**
 * Measures builds with PRELOAD: by both ways, and beside two floors. A system image is built and pushed; the builder has
 * the frontend, the image of the steps and the base already.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { home, type Job } from "../src/agent/job.js";
import type { Via } from "../test/harness/build.js";
import { output } from "../test/harness/command.js";
import { lab } from "../test/harness/lab.js";
import type { RegistryImage } from "../test/harness/registry-image.js";
import { type ImageShape, layerMediaType, pushGenerated } from "./build-images.js";
import type { BenchBuilder } from "./builder.js";

/**
 * `ADD`: upstream unpacks the same blobs from the same registry onto the same base, one layer each. `skopeo, tar`: the
 * blobs are copied to a folder and unpacked there, one after the other; no image is made of it. What is not exported has
 * no layer compressed and pushed, which is BuildKit's part of the time.
 */
export const coldWays = [
  "direct",
  "daemon",
  "ADD",
  "skopeo, tar",
  "direct, not exported",
  "ADD, not exported",
] as const;
export type ColdWay = (typeof coldWays)[number];

/** Seconds of each counted run. */
export type Runs<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** A builder that knows nothing of the image. The ways take turns. */
export function measureCold(
  builder: BenchBuilder,
  base: string,
  image: RegistryImage,
  rounds: number,
): Promise<Runs<ColdWay>> {
  return takeTurns(coldWays, rounds, async (way) => {
    if (way === "skopeo, tar") return copyAndUnpack(image);
    await builder.forget();
    const isExported = way === "direct" || way === "daemon" || way === "ADD";
    if (way.startsWith("ADD")) return builder.build({ dockerfile: base + addBlobs(image), isExported });
    const via = way === "daemon" ? "daemon" : "direct";
    return builder.build({ dockerfile: `${base}PRELOAD ${image.reference}\n`, via, isExported });
  });
}

/** The builder has nothing, and a registry has the cache of the same build. */
export async function measureCached(
  builder: BenchBuilder,
  base: string,
  image: RegistryImage,
  rounds: number,
): Promise<Runs<"cache import">> {
  const dockerfile = `${base}PRELOAD ${image.reference}\n`;
  const cache = `type=registry,ref=${builder.newName()}`;
  await builder.forget();
  await builder.build({ dockerfile, via: "direct", args: ["--cache-to", `${cache},mode=max`] });
  return takeTurns(["cache import"], rounds, async () => {
    await builder.forget();
    return builder.build({ dockerfile, via: "direct", args: ["--cache-from", cache] });
  });
}

export const addedSteps = ["ten", "one added", "one alone"] as const;
export type AddedStep = (typeof addedSteps)[number];

const ten: readonly ImageShape[] = Array.from({ length: 10 }, (_, k) => ({
  megabytes: 20,
  files: "small",
  layers: 4,
  seed: `ten-${k}`,
}));
const eleventh: ImageShape = { megabytes: 50, files: "small", layers: 4, seed: "added" };
/** Of the same shape, so that it costs the same and the builder does not have it yet. */
const alone: ImageShape = { ...eleventh, seed: "alone" };

/** Ten images, then the same ten and one more, then an image like that one alone. The registry has the ten by then. */
export async function measureAdded(
  builder: BenchBuilder,
  base: string,
  via: Via,
  rounds: number,
): Promise<Runs<AddedStep>> {
  const images: string[] = [];
  for (const shape of ten) images.push((await pushGenerated(shape)).reference);
  const [added, single] = [await pushGenerated(eleventh), await pushGenerated(alone)];
  const preload = (references: readonly string[]) => `${base}PRELOAD ${references.join(" ")}\n`;
  const dockerfiles = {
    ten: preload(images),
    "one added": preload([...images, added.reference]),
    "one alone": preload([single.reference]),
  };
  let name = "";
  return takeTurns(addedSteps, rounds, async (step) => {
    if (step === "ten") {
      name = builder.newName();
      await builder.forget();
    }
    return builder.build({ dockerfile: dockerfiles[step], via, name });
  });
}

export interface PeakMemory {
  /** Of the compressed layer, in bytes. */
  readonly blob: number;
  /** Of the agent's process, without the tools that it starts; in bytes. */
  readonly peak: number;
  readonly seconds: number;
}

/** Unpacks the largest layer of the image in a container of the image of the steps. */
export async function measurePeak(builder: BenchBuilder, image: RegistryImage): Promise<PeakMemory> {
  const blob = Math.max(...image.sizes);
  const k = image.sizes.indexOf(blob);
  const [digest = "", diffId = ""] = [image.blobs[k], image.diffIds[k]];
  const job: Job = { kind: "unpack", layers: [{ diffId, digest, mediaType: layerMediaType }] };
  const report =
    'process.on("exit",()=>console.error("peak of",process.resourceUsage().maxRSS,"kB in",process.uptime(),"s"))';
  const hook = `--import=data:text/javascript,${encodeURIComponent(report)}`;
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  try {
    const root = join(folder, "root");
    mkdirSync(join(root, "in", "blobs"), { recursive: true });
    renameSync(join(await copyBlobs(image, folder), hex(digest)), join(root, "in", "blobs", "0"));
    const command = ["node", hook, `${home}/agent.mjs`, JSON.stringify(job)];
    const words = await builder.runWith(builder.steps, root, command);
    const [, peak, seconds] = /^peak of (\d+) kB in (\S+) s$/m.exec(words) ?? [];
    return { blob, peak: Number(peak) * 1024, seconds: Number(seconds) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `--link`: the layers do not depend on each other, as those of Larder. */
function addBlobs({ reference, blobs }: RegistryImage): string {
  const repository = reference.slice(lab.registry.length + 1).replace(/:[^:/]+$/, "");
  const lines = blobs.map((digest, k) => {
    const url = `http://${lab.registry}/v2/${repository}/blobs/${digest}`;
    return `ADD --link --unpack=true --checksum=${digest} ${url} /l/${k}/\n`;
  });
  return lines.join("");
}

async function copyAndUnpack(image: RegistryImage): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "larder-bench-"));
  try {
    const start = performance.now();
    const copied = await copyBlobs(image, folder);
    for (const [k, digest] of image.blobs.entries()) {
      const files = join(folder, `layer-${k}`);
      mkdirSync(files);
      await output("tar", ["-xf", join(copied, hex(digest)), "-C", files], { timeout: 1_200_000 });
    }
    return (performance.now() - start) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns a folder with the blobs, named by the hex of their digests. */
async function copyBlobs({ reference }: RegistryImage, folder: string): Promise<string> {
  const to = join(folder, "blobs");
  const flags = ["--insecure-policy", "copy", "--src-tls-verify=false"];
  await output(lab.skopeo, [...flags, `docker://${reference}`, `dir:${to}`], { timeout: 1_200_000 });
  return to;
}

function hex(digest: string): string {
  return digest.replace("sha256:", "");
}

/** They take turns, so drift of the machine affects all equally. */
export async function takeTurns<Name extends string>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name) => Promise<number>,
): Promise<Runs<Name>> {
  const seconds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) seconds[name].push(await measure(name));
  }
  return seconds;
}
