/**
 * Upstream does everything but PRELOAD. It is `dockerfile.v0`, which is built into the daemon, or the image that
 * `--build-arg LARDER_UPSTREAM=docker/dockerfile:1-labs` names.
 */
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";
import type { Definition } from "../gen/ops.js";
import { type ImageConfig, parseConfig } from "../image/config.js";
import { adopt, refDefinition, wantsProvenance } from "./adopt.js";
import type { UpstreamRequest } from "./request.js";

const upstreamOption = "build-arg:LARDER_UPSTREAM";

/** Solves lazily. Without `cmdline`, upstream would find the `# syntax=` line again and call Larder, without end. */
export async function solveUpstream(bridge: Bridge, { options, inputs }: UpstreamRequest): Promise<Result> {
  const upstream = options[upstreamOption];
  const cmdline = upstream || options.cmdline || options.source || "larder";
  return bridge.solve({
    Frontend: upstream ? "gateway.v0" : "dockerfile.v0",
    FrontendOpt: { ...options, cmdline, ...(upstream && { source: upstream }) },
    FrontendInputs: { ...inputs },
  });
}

/**
 * The same for one platform, with a result that is not a map. With the option `multi-platform`, step names have the
 * platform.
 */
export async function solveOne(bridge: Bridge, request: UpstreamRequest): Promise<Result> {
  const solved = await solveUpstream(bridge, request);
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

/** Upstream's error if the image in a FROM has an `ONBUILD PRELOAD`. */
const unknownPreload = /unknown instruction: PRELOAD\b/i;

export function isUnknownPreload(error: unknown): boolean {
  return unknownPreload.test(LarderError.from(error).message);
}

/** @returns undefined if upstream refuses such an image, in an error or in its answer to a subrequest. */
export async function tryUpstream(bridge: Bridge, request: UpstreamRequest): Promise<Result | undefined> {
  const answer = await solveUpstream(bridge, request).catch((error: unknown) => {
    if (!isUnknownPreload(error)) throw error;
    return undefined;
  });
  if (!answer || unknownPreload.test(answer.metadata["result.json"]?.toString("utf8") ?? ""))
    return undefined;
  return wantsProvenance(request.options) ? adopt(bridge, answer) : answer;
}

/** The LLB of a result for one platform; undefined for scratch. */
export function definitionOf({ result }: Result): Definition | undefined {
  return result?.$case === "ref" ? refDefinition(result.value) : undefined;
}

/** The config of a result for one platform. */
export function configOf(result: Result): ImageConfig {
  const bytes = result.metadata["containerimage.config"];
  if (!bytes) throw new LarderError("the stock frontend gave a result without an image config");
  return parseConfig(bytes);
}
