import { existsSync, readFileSync } from "node:fs";
import { LarderError } from "../../error.js";
import { type BuildOptions, buildArgument } from "../../gateway/options.js";
import { Definition, Op, type Platform } from "../../gen/ops.js";
import { digestOf } from "../../image/digest.js";
import { formatReference, parseReference } from "../../image/reference.js";
import { image, source } from "../../llb/source.js";
import { fromDefinition, type Output } from "../../llb/state.js";

/**
 * The image of the build steps: a digest in the frontend's own repository, or a reference. It is a variable in the
 * frontend image's environment, or a build argument. Without it the frontend image is that of the steps, too.
 */
const stepsSetting = "LARDER_STEPS";

const stepsName = "[larder] load image of the steps";

/** The builder's own definition of the running frontend's image. */
const definitionFile = "/run/config/buildkit/metadata/frontend.bin";

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly readDefinition: () => Output | undefined;
}

const own: Surroundings = { env: process.env, readDefinition };

/**
 * The root of build steps. It is for the builder's platform, whatever the build's target. The definition may be
 * unreadable in a user namespace (its file is the daemon's, mode 0400). Then the frontend's image is found by its name.
 */
export function larderImage(options: BuildOptions, { env, readDefinition }: Surroundings = own): Output {
  const steps = namedSteps(options, env);
  if (steps && !isDigest(steps)) return image(stepsName, reference(steps));
  const fromBuilder = readDefinition();
  if (fromBuilder) return steps ? besideFrontend(fromBuilder, steps) : asBaseImage(fromBuilder);
  const { source: name } = options.frontend;
  if (!name)
    throw new LarderError("the builder does not say which image this frontend is; use a # syntax= line");
  if (!steps) return image("[larder] load frontend image", formatReference(parseReference(name)));
  const { domain, path } = parseReference(name);
  return image(stepsName, formatReference({ domain, path, digest: steps }));
}

/** An error about the image of the steps says how another one is named. */
export function explainSteps(options: BuildOptions, thrown: unknown, env = process.env): unknown {
  const steps = namedSteps(options, env);
  if (!steps) return thrown;
  const error = LarderError.from(thrown);
  const name = isDigest(steps) ? steps : reference(steps);
  if (!error.message.includes(name)) return thrown;
  const place = isDigest(steps) ? "the frontend's repository does not give" : "the builder cannot get";
  const wayOut = `copy it there, or name another with --build-arg ${stepsSetting}=<reference>`;
  const { code, lines, details, message } = error;
  const text = `${place} the image of Larder's build steps, ${name}; ${wayOut} (${message})`;
  return new LarderError(text, { code, lines, details, cause: error });
}

function namedSteps(options: BuildOptions, env: NodeJS.ProcessEnv): string | undefined {
  return buildArgument(options, stepsSetting) || env[stepsSetting] || undefined;
}

const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

function reference(text: string): string {
  try {
    return formatReference(parseReference(text));
  } catch (error) {
    throw new LarderError(`${stepsSetting}="${text}": ${(error as Error).message}`, { cause: error });
  }
}

/** The image of the steps where the builder found the frontend: a registry, or a layout of the client. */
function besideFrontend(frontend: Output, digest: string): Output {
  const found = sourceOf(frontend);
  const [, scheme, name] = /^(docker-image|oci-layout):\/\/([^@]+)/.exec(found?.identifier ?? "") ?? [];
  if (!found || !scheme || !name)
    throw new LarderError(
      `the builder does not say where this frontend comes from; name the image of its steps with --build-arg ${stepsSetting}=<reference>`,
    );
  const repository = name.replace(/:[^:/]*$/, "");
  return source(stepsName, `${scheme}://${repository}@${digest}`, found.attrs, found.platform);
}

/**
 * The same image as another vertex. The builder's own vertex ran before the builder knew `--cache-from`, and BuildKit
 * 0.25 gives no cache keys of such a vertex that another cache could find.
 */
function asBaseImage(given: Output): Output {
  const found = sourceOf(given);
  if (!found?.isFrontend) return given;
  return source("[larder] load frontend image", found.identifier, found.attrs, found.platform);
}

interface Found {
  readonly identifier: string;
  /** Without the record that the image is used as a frontend. */
  readonly attrs: Record<string, string>;
  readonly platform: Platform | undefined;
  /** Did the builder make that record? */
  readonly isFrontend: boolean;
}

function sourceOf({ vertex }: Output): Found | undefined {
  if (vertex.kind === "own") return undefined;
  const bytes = vertex.definition.def.find((op) => digestOf(Buffer.from(op)) === vertex.digest);
  const { op, platform } = Op.decode(bytes ?? Buffer.alloc(0));
  if (op?.$case !== "source") return undefined;
  const { [recordType]: record, ...attrs } = op.value.attrs;
  return { identifier: op.value.identifier, attrs, platform, isFrontend: record !== undefined };
}

/** The builder records the image's use as that of a frontend. */
const recordType = "image.recordtype";

function readDefinition(): Output | undefined {
  try {
    return existsSync(definitionFile)
      ? fromDefinition(Definition.decode(readFileSync(definitionFile)))
      : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}
