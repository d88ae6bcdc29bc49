/** Warnings of upstream's linter about a Dockerfile, and the rules that a build selects. */

import { readDirectives } from "../dockerfile/directives.js";
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { formatPlatform, parsePlatform } from "../image/platform.js";
import type { UpstreamRequest } from "./request.js";
import { solveUpstream } from "./solve.js";

/** The JSON that BuildKit writes (frontend/subrequests/lint). */
export interface LintResults {
  readonly warnings: readonly LintWarning[] | null;
  readonly sources: readonly unknown[];
  readonly buildError?: { readonly message: string; readonly location: LintLocation };
}

export interface LintWarning {
  readonly ruleName: string;
  readonly description?: string;
  readonly url?: string;
  readonly detail?: string;
  readonly location?: LintLocation;
}

export interface LintLocation {
  readonly sourceIndex?: number;
  readonly ranges?: readonly LintRange[];
}

interface LintRange {
  readonly start: { readonly line: number; readonly character?: number };
  readonly end: { readonly line: number; readonly character?: number };
}

export const lintRequest = "frontend.lint";

/**
 * Warnings of the stages that the request's target needs or, without a target, of all stages. The linter takes FROMs
 * without a platform to mean the builder's own, whatever the request says.
 * @returns undefined if the builder has no linter.
 */
export async function lintUpstream(
  bridge: Bridge,
  { options, inputs }: UpstreamRequest,
): Promise<LintResults | undefined> {
  const known = { ...predefinedArguments(options.platform), ...options };
  const question = { options: { ...known, requestid: lintRequest }, inputs };
  const answer = await solveUpstream(bridge, question).catch((error: unknown) => {
    if (/unsupported request/.test(String(error))) return undefined;
    throw error;
  });
  const json = answer?.metadata["result.json"];
  return json && (JSON.parse(json.toString("utf8")) as LintResults);
}

/** The linter only knows the builder's platform. These arguments give it another one. */
function predefinedArguments(platform: string | undefined): Readonly<Record<string, string>> {
  if (!platform) return {};
  const parsed = parsePlatform(platform);
  const { os, architecture, variant = "" } = parsed;
  return {
    "build-arg:TARGETPLATFORM": formatPlatform(parsed),
    "build-arg:TARGETOS": os,
    "build-arg:TARGETOSVERSION": parsed["os.version"] ?? "",
    "build-arg:TARGETARCH": architecture,
    "build-arg:TARGETVARIANT": variant,
  };
}

/** The error that ends a build with `error=true`, in upstream's words. */
export function violation(warnings: readonly LintWarning[]): LarderError {
  const rules = new Set(warnings.map(({ ruleName }) => ruleName));
  return new LarderError(`lint violation found for rules: ${[...rules].join(", ")}`);
}

export interface CheckOptions {
  readonly skips: (rule: string) => boolean;
  /** Each warning is an error. */
  readonly isStrict: boolean;
}

/** `# check=skip=RuleA,RuleB;error=true` at the head of the file, or the build argument in its place. */
export function readCheckOptions(text: string, argument: string | undefined): CheckOptions {
  const directive = readDirectives(text).find(({ name }) => name === "check");
  const parts = new Map(
    (argument ?? directive?.value ?? "").split(";").map((part) => {
      const [key = "", value = ""] = part.split(/=(.*)/s).map((word) => word.trim());
      return [key, value];
    }),
  );
  const skipped = (parts.get("skip") ?? "").split(",").map((rule) => rule.trim());
  return {
    skips: (rule) => skipped.includes(rule) || parts.get("skip") === "all",
    isStrict: /^(1|t|true)$/i.test(parts.get("error") ?? ""),
  };
}
