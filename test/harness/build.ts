import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Via } from "../../src/preload/plan/plan.js";
import { atEndOfFile } from "./cleanup.js";
import type { Finished } from "./command.js";
import { deliver } from "./deliver.js";
import { type EngineOptions, tryDocker } from "./docker.js";
import { lab } from "./lab.js";

export type { Via };

/** The way that all tests take which do not name one. */
export const testedVia: Via = process.env.LARDER_TEST_VIA === "daemon" ? "daemon" : "direct";

export interface Build extends EngineOptions {
  /** The file without the `# syntax=` line, which is put before it. */
  readonly dockerfile: string;
  /** `false`: upstream builds it. */
  readonly larder?: boolean;
  readonly tag?: string;
  /** Other files of the build context. */
  readonly files?: Readonly<Record<string, string>>;
  /** More arguments for `docker buildx build`. */
  readonly args?: readonly string[];
  /** `daemon`: with LARDER_VIA=daemon and `--allow security.insecure`. The default is what the tests run with. */
  readonly via?: Via;
  /** `--allow security.insecure`; the default is yes for the daemon way, and no for the direct way. */
  readonly allowInsecure?: boolean;
  /** Tests of other files use the image as well. Otherwise the engine loses it after those of this file. */
  readonly isShared?: boolean;
}

/** Runs `docker buildx build --progress plain`. The build's log is on stderr. */
export async function tryBuild(build: Build): Promise<Finished> {
  const folder = mkdtempSync(join(tmpdir(), "larder-test-"));
  try {
    const syntax = build.larder === false ? "# no syntax line" : `# syntax=${lab.frontend}`;
    const files = { ...build.files, Dockerfile: `${syntax}\n${build.dockerfile}` };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const { dockerfile: _, larder: __, tag: ___, files: ____, isShared: _____, ...rest } = build;
    const { args = [], via = testedVia, allowInsecure = via === "daemon", ...options } = rest;
    // An adopted engine has its registry on a loopback address, which steps reach through the host's network.
    const allowed = ["network.host", ...(allowInsecure ? ["security.insecure"] : [])];
    const { flags: delivery, finish } = deliver(build);
    const flags = [...allowed.flatMap((name) => ["--allow", name]), ...delivery];
    // Attestations contain times, which would make every image a new one.
    const common = ["buildx", "build", "--progress", "plain", "--provenance=false"];
    const way = via === "daemon" ? ["--build-arg", "LARDER_VIA=daemon"] : [];
    const finished = await tryDocker([...common, ...flags, ...way, ...args, folder], options);
    if (finished.status === 0) await finish();
    return finished;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A build that must succeed. @returns its log. */
export async function build(request: Build): Promise<string> {
  const { status, stdout, stderr } = await tryBuild(request);
  if (status !== 0) throw new Error(`the build failed with status ${status}:\n${stderr}${stdout}`);
  const { tag, engine, isShared } = request;
  // The disk of a small machine does not hold the images of all tests.
  if (tag !== undefined && !isShared && !tag.startsWith(lab.registry))
    atEndOfFile(() => tryDocker(["image", "rm", "--force", tag], engine === undefined ? {} : { engine }));
  return stderr;
}

/** A build that must fail. @returns its log. */
export async function failingBuild(request: Build): Promise<string> {
  const { status, stderr } = await tryBuild(request);
  if (status === 0) throw new Error(`the build succeeded and should not have:\n${stderr}`);
  return stderr;
}
