/**
 * Warnings: PRELOAD's own, and upstream's for the whole file, which it cannot see in the parts of a cut file. `docker
 * build --check` has them in its answer, a build at its end.
 */
import { isDeepStrictEqual } from "node:util";
import type { Stage } from "../../dockerfile/parse.js";
import type { Bases } from "../../dockerfile/stages.js";
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import type { Result } from "../../gen/gateway.js";
import { digestOf } from "../../image/digest.js";
import { lineRanges } from "../../upstream/excerpt.js";
import {
  type LintResults,
  type LintWarning,
  lintUpstream,
  readCheckOptions,
  violation,
} from "../../upstream/lint.js";
import type { Source } from "../../upstream/read-dockerfile.js";
import { checkArgument, type UpstreamRequest, withText } from "../../upstream/request.js";
import { isUnknownPreload } from "../../upstream/solve.js";
import type { Task } from "../build-context.js";
import type { Finding, Warn } from "../plan/finding.js";
import { questionAbout } from "./question.js";
import { withQuietBases } from "./quiet-bases.js";
import { checkStages, findFault } from "./rules.js";

/** The knowledge about images in FROMs. */
export type BaseTriggers =
  /** There is no sign of an `ONBUILD PRELOAD` in one of them. */
  | "unknown"
  /** They must be looked at. */
  | "suspected"
  /** Upstream has refused one, after it printed its warnings. */
  | "refused";

interface Reported {
  readonly target: Stage;
  /** The stages that the build needs for any platform. */
  readonly needed: readonly Stage[];
  readonly triggers: BaseTriggers;
}

/**
 * Prints the warnings of a build.
 * @param task for one platform.
 * @returns a printer for warnings that arise while the build is planned, and the new knowledge about base images.
 * @throws LarderError if the file or the build turns warnings into errors.
 */
export async function reportWarnings(
  task: Task & Bases,
  { target, needed, triggers }: Reported,
): Promise<{ warn: Warn; triggers: BaseTriggers }> {
  const { bridge, source, dockerfile, request } = task;
  const asked = askedAbout(task, target);
  const linted = await lint(task, asked, triggers);
  const printed =
    triggers === "refused" ? ((await lintUpstream(bridge, asked(request)))?.warnings ?? []) : [];
  // The vertex that loaded the file: BuildKit only prints warnings of vertices that it knows.
  const vertex = digestOf(linted.question.inputs.dockerfile?.def[0] ?? Buffer.alloc(0));
  const print = (warning: LintWarning): Promise<void> => bridge.warn(formatWarning(warning, source, vertex));
  const own = ownWarnings(task, [...new Set(needed)]);
  const warnings = [...(linted.results?.warnings ?? []), ...own];
  const isPrinted = (warning: LintWarning) => printed.some((other) => isDeepStrictEqual(other, warning));
  for (const warning of warnings) if (!isPrinted(warning)) await print(warning);
  const { isStrict, skips } = readCheckOptions(dockerfile.text, request.options[checkArgument]);
  if (isStrict && warnings.length > 0) throw violation(warnings);
  const said: Finding[] = [];
  const warn: Warn = async (finding) => {
    // A build for several platforms finds the same for each.
    if (skips(finding.rule) || said.some((other) => isDeepStrictEqual(other, finding))) return;
    said.push(finding);
    const warning = toWarning(finding);
    await print(warning);
    if (isStrict) throw violation([warning]);
  };
  return { warn, triggers: linted.triggers };
}

/**
 * Whether base images of another platform than the first one have to be looked at: they may be others.
 * @param task for that platform.
 */
export async function mayFire(task: Task & Bases, target: Stage): Promise<boolean> {
  const results = await lintUpstream(task.bridge, askedAbout(task, target)(task.request));
  return !results || isUnknownPreload(results.buildError?.message ?? "");
}

/** Turns the request into one about the whole file, with the target's name. */
function askedAbout(task: Task & Bases, target: Stage): (request: UpstreamRequest) => UpstreamRequest {
  const { source, request } = task;
  const about = questionAbout(task, target, request.options.platform);
  return ({ options, inputs }) =>
    withText({ request: { options: { ...options, target: about.target }, inputs }, source }, about.text);
}

interface Linted {
  readonly question: UpstreamRequest;
  /** Undefined if the builder has no linter. */
  readonly results: LintResults | undefined;
  readonly triggers: BaseTriggers;
}

/** The linter is the first to see the base images, so its answer tells if they must be looked at. */
async function lint(
  task: Task,
  asked: (request: UpstreamRequest) => UpstreamRequest,
  triggers: BaseTriggers,
): Promise<Linted> {
  const { bridge, request } = task;
  if (triggers === "unknown") {
    const question = asked(request);
    const results = await lintUpstream(bridge, question);
    if (!results) return { question, results, triggers: "suspected" };
    if (!isUnknownPreload(results.buildError?.message ?? "")) return { question, results, triggers };
  }
  const question = asked(await withQuietBases(task));
  const results = await lintUpstream(bridge, question);
  const refusal = results?.buildError?.message ?? "";
  if (isUnknownPreload(refusal)) throw new LarderError(refusal);
  return { question, results, triggers: triggers === "unknown" ? "suspected" : triggers };
}

/** The form that upstream prints. */
function formatWarning(
  { ruleName, detail, description, url, location }: LintWarning,
  { filename, text }: Source,
  digest: string,
): Parameters<Bridge["warn"]>[0] {
  const ranges = [...(location?.ranges ?? [])];
  const line = ranges[0]?.start.line;
  return {
    digest,
    level: 1,
    short: Buffer.from(`${ruleName}: ${detail}${line === undefined ? "" : ` (line ${line})`}`),
    detail: [Buffer.from(description ?? "")],
    url: url ?? "",
    info: { filename, data: Buffer.from(text), language: "Dockerfile" },
    ranges,
  };
}

/** Adds the findings of PRELOAD's rules in these stages to the answer of upstream's linter. */
export function withOwnWarnings(answer: Result, task: Task, stages: readonly Stage[]): Result {
  const { dockerfile, request } = task;
  const results = JSON.parse(answer.metadata["result.json"]?.toString("utf8") ?? "{}") as LintResults;
  const own = ownWarnings(task, stages);
  const fault = results.buildError ? undefined : findFault(dockerfile);
  if (own.length === 0 && !fault) return answer;
  const { isStrict } = readCheckOptions(dockerfile.text, request.options[checkArgument]);
  const warnings = [...(results.warnings ?? []), ...own];
  const error = fault ?? (isStrict ? violation(warnings) : undefined);
  const all: LintResults = {
    ...results,
    warnings,
    ...(error && { buildError: { message: error.message, location: { ranges: lineRanges(error.lines) } } }),
  };
  const text = own.map(({ ruleName, detail, location }) => {
    const line = location?.ranges?.[0]?.start.line;
    return `\nWARNING: ${ruleName}\n${detail}\n${dockerfile.filename}:${line}\n`;
  });
  return {
    ...answer,
    metadata: {
      ...answer.metadata,
      "result.json": Buffer.from(JSON.stringify(all, null, 2)),
      "result.txt": Buffer.concat([
        answer.metadata["result.txt"] ?? Buffer.alloc(0),
        Buffer.from(text.join("")),
      ]),
      "result.statuscode": Buffer.from("1"),
    },
  };
}

function ownWarnings({ request, dockerfile }: Task, stages: readonly Stage[]): LintWarning[] {
  const { skips } = readCheckOptions(dockerfile.text, request.options[checkArgument]);
  return checkStages(dockerfile, stages)
    .filter(({ rule }) => !skips(rule))
    .map(toWarning);
}

function toWarning({ rule, description, detail, lines }: Finding): LintWarning {
  return { ruleName: rule, description, detail, location: { ranges: lineRanges(lines) } };
}
