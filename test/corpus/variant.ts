/** A case as upstream builds it, and as Larder builds it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finished } from "../harness/command.js";
import { deliver } from "../harness/deliver.js";
import { tryDocker } from "../harness/docker.js";
import { type EngineName, lab, labImage } from "../harness/lab.js";
import { blankLines, preloadLines } from "./blank.js";
import type { Case } from "./cases.js";
import { buildTime } from "./comparable.js";
import { type Outcome, readOutcome, withoutFrontend } from "./outcome.js";
import { type Provenance, readProvenance } from "./provenance.js";

export type Frontend = "stock" | "larder";

/** Is there a PRELOAD, here or in the base image? */
export const hasPreload = (one: Case): boolean =>
  preloadLines(one.dockerfile).size > 0 || baseCase(one) !== undefined;

export interface Built extends Outcome {
  /** `name@digest` */
  readonly image?: string;
  /** By platform. It is empty if the engine cannot attach provenance to an image. */
  readonly provenance: Readonly<Record<string, Provenance>>;
}

/** Replaces the corpus's names for the lab's frontend, system image and registry. */
export function inLab(text: string): string {
  return text
    .replaceAll("registry.test/system", lab.system)
    .replaceAll("registry.test/e2e", labImage("e2e"))
    .replaceAll("registry.test", lab.registry)
    .replace("larder/dockerfile:1", lab.frontend);
}

/**
 * Removes `# syntax=`. Another directive without an effect takes its place, since with a comment there the lines below
 * would not be directives any more.
 */
function forStock(text: string): string {
  const directive = /^#\s*escape\s*=/m.test(text) ? "# check=error=false" : "# escape=\\";
  return blankLines(text, preloadLines(text)).replace(/^(\uFEFF?)#\s*syntax=\S+/m, `$1${directive}`);
}

/** Builds the case, and pushes the image if the engine can do that without storing it. */
export async function buildCase(one: Case, frontend: Frontend, engine: EngineName): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), "larder-corpus-"));
  try {
    const metadata = join(folder, "metadata.json");
    const flags = ["--progress", "rawjson", "--metadata-file", metadata];
    const output =
      engine === "graph"
        ? ["--provenance=false", "--output", "type=image"]
        : ["--provenance=mode=max,version=v0.2", ...pushed(one, frontend)];
    const outcome = readOutcome(await runBuild(one, frontend, [...flags, ...epoch, ...output], engine));
    if (outcome.error) return { ...outcome, provenance: {} };
    const said = JSON.parse(withoutFrontend(readFileSync(metadata, "utf8")));
    const image = `${repository}@${said["containerimage.digest"]}`;
    return { ...outcome, image, provenance: engine === "graph" ? {} : await readProvenance(said, image) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const repository = labImage("e2e/corpus");
const baseImage = /registry\.test\/e2e\/corpus:([\w-]+)/;

/** The case whose image is this one's base. Each frontend uses its own image of it. */
export const baseCase = ({ dockerfile }: Case): string | undefined => baseImage.exec(dockerfile)?.[1];

function pushed(one: Case, frontend: Frontend): string[] {
  // Steps below a cut run again: their layers are comparable if no file in them is younger than this.
  const rewrite = hasPreload(one) ? ",rewrite-timestamp=true" : "";
  const name = `${repository}:${one.name}-${frontend}`;
  return ["--output", `type=image,name=${name},push=true,store=false,unpack=false${rewrite}`];
}

/** The answer to a question about the file, such as `check`. */
export function ask(one: Case, frontend: Frontend, call: string): Promise<Finished> {
  return runBuild(one, frontend, ["--call", `${call},format=json`], "containerd");
}

/** Builds the case with Larder, for a container of it. */
export async function tagImage(one: Case, tag: string): Promise<void> {
  const delivery = deliver({ dockerfile: one.dockerfile, tag });
  const flags = ["--provenance=false", ...epoch, ...delivery.flags];
  const { status, stderr } = await runBuild(one, "larder", flags, "containerd");
  if (status !== 0) throw new Error(stderr);
  await delivery.finish();
}

const epoch = ["--build-arg", `SOURCE_DATE_EPOCH=${buildTime.getTime() / 1000}`];

async function runBuild(
  { folder, file, args = [], dockerfile }: Case,
  frontend: Frontend,
  flags: readonly string[],
  engine: EngineName,
): Promise<Finished> {
  const context = mkdtempSync(join(tmpdir(), "larder-corpus-"));
  try {
    cpSync(fileURLToPath(folder), context, { recursive: true });
    rmSync(join(context, "case.json"), { force: true });
    for (const name of readdirSync(context, { recursive: true, encoding: "utf8" })) {
      const path = join(context, name);
      if (!statSync(path).isFile()) continue;
      const text = readFileSync(path, "latin1");
      if (text.includes("registry.test")) writeFileSync(path, inLab(text), "latin1");
    }
    const written = dockerfile.replace(baseImage, `$&-${frontend}`);
    const text = inLab(frontend === "larder" ? written : forStock(written));
    writeFileSync(join(context, file), text);
    const given = args.map((arg) => inLab(arg).replaceAll("{context}", context));
    const allow = ["--allow", "network.host"];
    const env = { CORPUS_SECRET: "the secret", BUILDX_METADATA_PROVENANCE: "max" };
    const { status, stdout, stderr } = await tryDocker(
      ["buildx", "build", ...allow, ...flags, ...given, "--file", join(context, file), context],
      { engine, env },
    );
    const plain = (text: string) => text.replaceAll(context, "{context}");
    return { status, stdout: plain(stdout), stderr: plain(stderr) };
  } finally {
    rmSync(context, { recursive: true });
  }
}
