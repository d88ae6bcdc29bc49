/**
 * The frontend that everything but PRELOAD is left to: `dockerfile.v0`, built into the daemon, or the image that
 * `--build-arg LARDER_UPSTREAM=docker/dockerfile:1-labs` puts in its place.
 */
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Result } from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";
import { type ImageConfig, parseConfig } from "../image/config.js";
import { files, type NewFile } from "../llb/file.js";
import { marshal } from "../llb/marshal.js";
import { adopt, refDefinition, wantsProvenance } from "./adopt.js";
import { copySource } from "./copy-source.js";
import type { Source, SourceFile } from "./read-dockerfile.js";
import { contextOption } from "./remote-context.js";

export interface StockRequest {
  readonly options: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Definition>>;
}

const upstreamOption = "build-arg:LARDER_UPSTREAM";

/** The build as it was asked for. */
export function originalRequest(options: BuildOptions, { inputs }: SourceFile): StockRequest {
  return { options: options.frontend, inputs };
}

/**
 * A request for the same build with another Dockerfile text. The option `dockerfilekey` would make the
 * stock frontend read the client's file all the same.
 */
export function withText(request: StockRequest, source: Source, text: string): StockRequest {
  const { filename, ignore, context } = source;
  const replaced = context
    ? ["dockerfilekey", "contextkey", contextOption(request.options)]
    : ["dockerfilekey"];
  const options = Object.fromEntries(
    Object.entries(request.options).filter(([key]) => !replaced.includes(key)),
  );
  const list: NewFile[] = [{ path: `/${filename}`, data: Buffer.from(text) }];
  if (ignore) list.push({ path: `/${filename}.dockerignore`, data: ignore });
  const dockerfile = marshal(files(`[internal] load build definition from ${filename}`, list));
  return {
    options: { ...options, filename },
    inputs: { ...request.inputs, ...(context && { context }), dockerfile },
  };
}

/** A request for what stands above a cut: one platform, no attestations, none of the user's labels. */
export function asIntermediate(request: StockRequest): StockRequest {
  const dropped = /^(target$|label:|attest:|requestid$|build-arg:BUILDKIT_ATTEST_)/;
  const options = Object.fromEntries(Object.entries(request.options).filter(([key]) => !dropped.test(key)));
  return withoutWarnings({ ...request, options });
}

/** Which of the linter's rules a build wants. */
export const checkArgument = "build-arg:BUILDKIT_DOCKERFILE_CHECK";

/** A request whose warnings are not wanted, or have been printed. */
export function withoutWarnings(request: StockRequest): StockRequest {
  return { ...request, options: { ...request.options, [checkArgument]: "skip=all" } };
}

/**
 * Solves with the stock frontend, lazily. Without `cmdline` it would find the `# syntax=` line again and
 * call Larder, without end.
 */
export async function solveStock(bridge: Bridge, { options, inputs }: StockRequest): Promise<Result> {
  const upstream = options[upstreamOption];
  const cmdline = upstream || options.cmdline || options.source || "larder";
  return bridge.solve({
    Frontend: upstream ? "gateway.v0" : "dockerfile.v0",
    FrontendOpt: { ...options, cmdline, ...(upstream && { source: upstream }) },
    FrontendInputs: { ...inputs },
  });
}

/**
 * The same for one platform, with a result that is not a map. With the option `multi-platform` the build's output
 * names the platform of each step.
 */
export async function solveOne(bridge: Bridge, request: StockRequest): Promise<Result> {
  const solved = await solveStock(bridge, request);
  if (solved.result?.$case !== "refs") return solved;
  const [only, ...others] = Object.entries(solved.result.value.refs);
  if (!only || others.length > 0) return solved;
  const [platform, value] = only;
  const metadata = Object.entries(solved.metadata).map(([key, bytes]) => [
    key.endsWith(`/${platform}`) ? key.slice(0, -1 - platform.length) : key,
    bytes,
  ]);
  return { ...solved, result: { $case: "ref", value }, metadata: Object.fromEntries(metadata) };
}

/** What the stock frontend says where an image that a stage builds FROM has an `ONBUILD PRELOAD`. */
const unknownPreload = /unknown instruction: PRELOAD\b/i;

export function isUnknownPreload(error: unknown): boolean {
  return unknownPreload.test(LarderError.from(error).message);
}

/** @returns nothing where it refuses such an image, in an error or in its answer to a question. */
export async function tryStock(bridge: Bridge, request: StockRequest): Promise<Result | undefined> {
  const answer = await solveStock(bridge, request).catch((error: unknown) => {
    if (!isUnknownPreload(error)) throw error;
    return undefined;
  });
  if (!answer || unknownPreload.test(answer.metadata["result.json"]?.toString("utf8") ?? ""))
    return undefined;
  return wantsProvenance(request.options) ? adopt(bridge, answer) : answer;
}

/**
 * A file of the build context, as COPY finds it: in whatever kind of context, and `.dockerignore` counts.
 * @throws LarderError in the stock frontend's words
 */
export async function readContextFile(
  bridge: Bridge,
  request: StockRequest,
  source: Source,
  path: string,
): Promise<Buffer> {
  const text = `FROM scratch\nCOPY [${copySource(path)}, ${JSON.stringify(copied)}]\n`;
  const { result } = await solveOne(bridge, asIntermediate(withText(request, source, text)));
  if (result?.$case !== "ref") throw new LarderError("the build context is empty");
  return bridge.readFile(result.value.id, copied);
}

/** @returns undefined if the build context has no such file. */
export async function tryContextFile(
  ...place: Parameters<typeof readContextFile>
): Promise<string | undefined> {
  try {
    return (await readContextFile(...place)).toString("utf8");
  } catch (error) {
    if (/not found|no such file/i.test(LarderError.from(error).message)) return undefined;
    throw error;
  }
}

const copied = "/larder-file";

/** What a result for one platform is, as LLB; nothing if it is scratch. */
export function definitionOf({ result }: Result): Definition | undefined {
  return result?.$case === "ref" ? refDefinition(result.value) : undefined;
}

/** The config of a result for one platform. */
export function configOf(result: Result): ImageConfig {
  const bytes = result.metadata["containerimage.config"];
  if (!bytes) throw new LarderError("the stock frontend gave a result without an image config");
  return parseConfig(bytes);
}
