/**
 * A PRELOAD's images are taken in while the build is planned. What does not need them is not kept waiting: it is
 * built at the same time, as it would be if all were one build. What that is shows in a plan for which nothing runs.
 */
import { jobVariable } from "../agent/job.js";
import { preloadsOf, type Stage } from "../dockerfile/parse.js";
import { cacheImports } from "../gateway/options.js";
import type { Op } from "../gen/ops.js";
import { independentParts } from "../llb/independent.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import { definitionOf, type StockRequest } from "../upstream/request.js";
import type { BuildContext } from "./build-context.js";
import { asWritten } from "./cut/as-written.js";
import { solveTail } from "./cut/draft.js";
import { ancestorsOf, type PreloadedCut } from "./cut/preloaded-cut.js";
import { evaluate } from "./result.js";

type PreloadStages = (context: BuildContext) => Promise<PreloadedCut[]>;

/**
 * Builds the stages that no PRELOAD is below.
 * @param preload makes the cuts; here nothing runs for it.
 * @throws LarderError if one of their steps fails.
 */
export async function buildAhead(
  context: BuildContext,
  request: StockRequest,
  needed: readonly Stage[],
  preload: PreloadStages,
): Promise<void> {
  const { bridge, options, settings } = context;
  const isWorthIt = needed.some((stage) => runs(stage) && !isPreloaded(context, stage));
  // What a cache from elsewhere has of a step, it may have without what the step was made of.
  if (settings.plansOnly || !isWorthIt || cacheImports(options).length > 0) return;
  // What is wrong with a PRELOAD, its own planning says.
  const parts = await planParts(context, request, preload).catch(() => []);
  await Promise.all(
    parts.map(async (part) => evaluate(bridge, await bridge.solve({ Definition: marshal(part) }))),
  );
}

async function planParts(
  original: BuildContext,
  request: StockRequest,
  preload: PreloadStages,
): Promise<Output[]> {
  const settings = { ...original.settings, plansOnly: true };
  const context: BuildContext = { ...original, settings, steps: [], warn: async () => {} };
  const done = await preload(context);
  const { solved, draft } = await solveTail(context, request, done);
  const definition = definitionOf(solved);
  return definition ? independentParts(asWritten(context, definition, draft), isOfPreload) : [];
}

function isOfPreload({ op }: Op): boolean {
  return (
    op?.$case === "exec" && (op.value.meta?.env ?? []).some((line) => line.startsWith(`${jobVariable}=`))
  );
}

function runs({ instructions }: Stage): boolean {
  return instructions.some(({ keyword }) => keyword === "RUN");
}

function isPreloaded(context: BuildContext, stage: Stage): boolean {
  return [stage, ...ancestorsOf(context, stage, [])].some((one) => preloadsOf(one).length > 0);
}
