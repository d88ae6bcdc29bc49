/**
 * Warnings: the stock frontend's for the whole file, which the parts of a cut file would not show it, and
 * PRELOAD's own. `docker build --check` has them as its answer, a build at its end.
 */
import { isDeepStrictEqual } from "node:util";
import type { Dockerfile, Stage } from "../../dockerfile/parse.js";
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { lineRanges } from "../../gateway/details.js";
import type { Result } from "../../gen/gateway.js";
import { digestOf } from "../../image/digest.js";
import type { Bases } from "../../upstream/expand-bases.js";
import {
  type LintResults,
  type LintWarning,
  lintStock,
  readCheckOptions,
  violation,
} from "../../upstream/lint.js";
import type { Source } from "../../upstream/read-dockerfile.js";
import { checkArgument, isUnknownPreload, type StockRequest, withText } from "../../upstream/request.js";
import type { Task } from "../build-context.js";
import { questionAbout } from "./question.js";
import { checkStages, type Finding, findFault } from "./rules.js";

export type Warn = (finding: Finding) => Promise<void>;

interface Reported {
  readonly target: Stage;
  readonly needed: readonly Stage[];
  /** The stock frontend has met a base image that fires a PRELOAD, and has printed its warnings up to it. */
  readonly wasRefused: boolean;
}

/**
 * Prints the warnings of a build.
 * @param request for one platform. In `quiet` it has base images that fire no PRELOAD.
 * @returns what prints further ones, which turn up while it is planned.
 * @throws LarderError where the file or the build wants them to be errors, and for a base image that fires a PRELOAD.
 */
export async function reportWarnings(
  task: Task & Bases,
  { request, quiet }: { readonly request: StockRequest; readonly quiet: StockRequest },
  { target, needed, wasRefused }: Reported,
): Promise<Warn> {
  const { bridge, source, dockerfile } = task;
  const about = questionAbout(task, target, request.options.platform);
  const asked = ({ options, inputs }: StockRequest): StockRequest =>
    withText({ options: { ...options, target: about.target }, inputs }, source, about.text);
  const question = asked(quiet);
  const results = await lintStock(bridge, question);
  const printed = wasRefused ? ((await lintStock(bridge, asked(request)))?.warnings ?? []) : [];
  const refusal = results?.buildError?.message;
  if (refusal && isUnknownPreload(refusal)) throw new LarderError(refusal);
  // The vertex that loaded the file: what prints warnings wants one that it has seen.
  const vertex = digestOf(question.inputs.dockerfile?.def[0] ?? Buffer.alloc(0));
  const print = (warning: LintWarning): Promise<void> => bridge.warn(formatWarning(warning, source, vertex));
  const warnings = [...(results?.warnings ?? []), ...ownWarnings(request, dockerfile, [...new Set(needed)])];
  const isPrinted = (warning: LintWarning) => printed.some((other) => isDeepStrictEqual(other, warning));
  for (const warning of warnings) if (!isPrinted(warning)) await print(warning);
  const { isStrict, skips } = readCheckOptions(dockerfile.text, request.options[checkArgument]);
  if (isStrict && warnings.length > 0) throw violation(warnings);
  return async (finding) => {
    if (skips(finding.rule)) return;
    const warning = toWarning(finding);
    await print(warning);
    if (isStrict) throw violation([warning]);
  };
}

/** As the stock frontend prints its own. */
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

/** The answer of the stock frontend's linter, with what PRELOAD's rules find in these stages. */
export function withOwnWarnings(
  answer: Result,
  request: StockRequest,
  dockerfile: Dockerfile,
  stages: readonly Stage[],
): Result {
  const results = JSON.parse(answer.metadata["result.json"]?.toString("utf8") ?? "{}") as LintResults;
  const own = ownWarnings(request, dockerfile, stages);
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

function ownWarnings(
  { options }: StockRequest,
  dockerfile: Dockerfile,
  stages: readonly Stage[],
): LintWarning[] {
  const { skips } = readCheckOptions(dockerfile.text, options[checkArgument]);
  return checkStages(dockerfile, stages)
    .filter(({ rule }) => !skips(rule))
    .map(toWarning);
}

function toWarning({ rule, description, detail, lines }: Finding): LintWarning {
  return { ruleName: rule, description, detail, location: { ranges: lineRanges(lines) } };
}
