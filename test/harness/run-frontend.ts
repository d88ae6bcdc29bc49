/** Runs the frontend as BuildKit does: options in the environment, the bridge on stdin and stdout. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
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

const options = { source: "larder/dockerfile:1", cmdline: "larder/dockerfile:1" };
let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "larder-frontend-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const file = join(folder, "frontend.mjs");
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const entry = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const form = { bundle: true, platform: "node", format: "esm", banner: { js } } as const;
  await build({ ...form, entryPoints: [entry], outfile: file });
  // How the frontend asks whether it may mount.
  writeFileSync(join(folder, "unshare"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
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
    const PATH = canMount ? join(file, "..") : "/nowhere";
    const child = spawn(process.execPath, [file], { env: { PATH, ...Object.fromEntries(variables) } });
    const { input, output } = builder.pipes();
    input.pipe(child.stdin);
    child.stdin.on("error", () => undefined);
    child.stdout.pipe(output);
    const stderr: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    assert.equal(status, 0, Buffer.concat(stderr).toString("utf8"));
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
