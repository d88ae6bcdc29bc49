/**
 * Runs the whole frontend: options in the environment, as from BuildKit, and a connection for its standard input and
 * output. It has a thread of its own rather than a process, which would take as long again to start.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type BuildOptions, build, type Plugin } from "esbuild";
import type { Definition } from "../../src/gen/ops.js";
import type { Status } from "../../src/gen/status.js";
import { FakeBuilder } from "./fake-builder.js";
import { sourceDetail } from "./fake-dockerfile.js";
import { type NamedStep, stepsOf } from "./fake-engine.js";
import type { ImageConfig } from "./fake-instructions.js";
import { FakeUpstream, type Scene } from "./fake-upstream.js";

export interface Asked extends Scene {
  readonly options?: Readonly<Record<string, string>>;
  /** Whether steps of this builder may mount file systems, as under sysbox-runc. */
  readonly canMount?: boolean;
}

export interface Outcome {
  readonly upstream: FakeUpstream;
  readonly error: Status | undefined;
  readonly metadata: Readonly<Record<string, Buffer>>;
  /** Definitions of the result by platform; "" for a result that is for one platform. */
  readonly definitions: ReadonlyMap<string, Definition>;
}

/** A file to be built where there are a Docker and two images that have a layer in common. */
export function sample(dockerfile: string, { files, images, options, ...more }: Partial<Asked> = {}): Asked {
  return {
    files: { Dockerfile: dockerfile, ...files },
    images: {
      "docker:29-dind": {},
      "redis:7": { layers: ["debian", "redis"] },
      "postgres:17": { layers: ["debian", "postgres"] },
      ...images,
    },
    options: { "build-arg:LARDER_VIA": "daemon", "build-arg:LARDER_SECURITY": "insecure", ...options },
    lacks: ["source.imageblob"],
    ...more,
  };
}

const options = { source: "larder/dockerfile:1", cmdline: "larder/dockerfile:1" };
let bundled: Promise<string> | undefined;

/** The two pipes of the process are one connection here. */
const pipes: Plugin = {
  name: "pipes",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:net$/ }, () => ({ path: "pipes", namespace: "larder" }));
    onLoad({ filter: /^pipes$/, namespace: "larder" }, () => ({
      contents:
        "import { connect } from 'net'; let pipe;" +
        "export function Socket() { return (pipe ??= connect(process.env.BUILDER)); }",
    }));
  },
};

/** The files of the process by which the frontend knows its sandbox. */
const sandbox: Plugin = {
  name: "sandbox",
  setup({ onLoad }) {
    onLoad({ filter: /\/steps\/privilege\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      assert.ok(text.includes('join("/proc/self", '));
      return { contents: text.replace('"/proc/self"', "process.env.PROC_SELF"), loader: "ts" };
    });
  },
};

async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "larder-frontend-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const file = join(folder, "frontend.mjs");
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const entry = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const form = {
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js },
    plugins: [pipes, sandbox],
  } satisfies BuildOptions;
  await build({ ...form, entryPoints: [entry], outfile: file });
  // The signs of sysbox-runc, and those of runc.
  for (const [name, uidMap, mounts] of [
    ["sysbox", "0 165536 65536\n", "2 1 0:48 / /proc/uptime rw - fuse sysboxfs rw\n"],
    ["runc", "0 0 4294967295\n", ""],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "uid_map"), uidMap);
    writeFileSync(join(folder, name, "mountinfo"), mounts);
  }
  return file;
}

export async function runFrontend({ options: more, canMount = false, ...scene }: Asked): Promise<Outcome> {
  bundled ??= bundle();
  const file = await bundled;
  const upstream = new FakeUpstream(scene);
  const builder = await FakeBuilder.start(upstream.answers());
  const variables = Object.entries({ ...options, ...more }).map(([key, value], n) => [
    `BUILDKIT_FRONTEND_OPT_${n}`,
    `${key}=${value}`,
  ]);
  try {
    const PROC_SELF = join(file, "..", canMount ? "sysbox" : "runc");
    const env = { PROC_SELF, BUILDER: builder.path, ...Object.fromEntries(variables) };
    const worker = new Worker(file, { env, execArgv: [] });
    const status = await new Promise<number>((resolve, reject) => {
      worker.once("exit", resolve);
      worker.once("error", reject);
    });
    assert.equal(status, 0);
  } finally {
    builder.stop();
  }
  assert.equal(builder.returned.length, 1);
  const { result, error } = builder.returned[0] ?? {};
  const given = result?.result;
  const refs = given?.$case === "refs" ? given.value.refs : given ? { "": given.value } : {};
  const ids = Object.entries(refs).filter(([, { id }]) => id !== "");
  const definitions = new Map(ids.map(([platform, { id }]) => [platform, upstream.definitionOf(id)]));
  return { upstream, error, metadata: result?.metadata ?? {}, definitions };
}

/** The result of a build that is to succeed. */
export function built(
  { error, metadata, definitions }: Outcome,
  platform = "",
): { config: ImageConfig; steps: NamedStep[] } {
  assert.equal(error, undefined, error?.message);
  const bytes = metadata[platform ? `containerimage.config/${platform}` : "containerimage.config"];
  const definition = definitions.get(platform);
  assert.ok(bytes && definition, `there is nothing for "${platform}"`);
  return { config: JSON.parse(bytes.toString()) as ImageConfig, steps: stepsOf(definition) };
}

export interface Failure {
  readonly message: string;
  readonly filename: string | undefined;
  /** Of the user's Dockerfile, as the excerpt shows it. */
  readonly text: string | undefined;
  readonly lines: readonly number[];
}

/** The error of a build that is to fail, with its one excerpt. */
export function failed({ error }: Outcome): Failure {
  assert.ok(error, "the build did not fail");
  assert.equal(error.code, 2);
  const excerpts = error.details.filter(({ type_url }) => type_url === sourceDetail);
  assert.equal(excerpts.length, 1, "one excerpt of the Dockerfile");
  const { info, ranges = [] } = JSON.parse(excerpts[0]?.value.toString() ?? "{}") as {
    info?: { filename: string; data: string };
    ranges?: { start: { line: number } }[];
  };
  return {
    message: error.message,
    filename: info?.filename,
    text: info && Buffer.from(info.data, "base64").toString(),
    lines: ranges.map(({ start }) => start.line),
  };
}

/** Where each mount of a step comes from: the step's name and the number of its output. */
export function mountsOf({ exec, inputs }: NamedStep, steps: readonly NamedStep[]): Record<string, string> {
  const all = exec?.mounts ?? [];
  const taken = all.flatMap(({ dest, input }) => {
    const from = inputs[input];
    const step = steps.find(({ digest }) => digest === from?.digest);
    return from && step ? [[dest, `${step.name} #${from.index}`]] : [];
  });
  return Object.fromEntries(taken);
}

export function stepNamed(steps: readonly NamedStep[], name: string): NamedStep {
  const found = steps.find((step) => step.name === name);
  assert.ok(found, `there is no step "${name}" among ${JSON.stringify(steps.map((step) => step.name))}`);
  return found;
}
