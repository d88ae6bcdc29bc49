/**
 * A PRELOAD's images are taken in while the build is planned. Steps that do not need them need not wait: they run at
 * the same time, as in a build without PRELOAD. A plan for which nothing runs shows these steps.
 */
import { jobVariable } from "../agent/job.js";
import { preloadsOf, type Stage } from "../dockerfile/parse.js";
import { cacheImports } from "../gateway/options.js";
import type { Op } from "../gen/ops.js";
import { independentParts } from "../llb/independent.js";
import type { Output } from "../llb/state.js";
import { definitionOf } from "../upstream/solve.js";
import type { BuildContext } from "./build-context.js";
import { asWritten } from "./cut/as-written.js";
import type { Planning } from "./cut/planning.js";
import { ancestorsOf } from "./cut/preloaded-cut.js";
import { evaluateOutput } from "./result.js";

type PreloadStages = (context: BuildContext) => Promise<Planning>;

/**
 * Builds the stages that have no PRELOAD and stand on none.
 * @param preload makes the cuts; nothing runs for it here.
 * @throws LarderError if one of these steps fails.
 */
export async function buildAhead(context: BuildContext, preload: PreloadStages): Promise<void> {
  const { bridge, needed, options, settings } = context;
  const isWorthIt = needed.some((stage) => runs(stage) && !isPreloaded(context, stage));
  // An imported cache may have the result of a step without the step's inputs.
  if (settings.plansOnly || !isWorthIt || cacheImports(options).length > 0) return;
  // The planning of a PRELOAD itself reports its faults.
  const parts = await planParts(context, preload).catch(() => []);
  await Promise.all(parts.map((part) => evaluateOutput(bridge, part)));
}

async function planParts(original: BuildContext, preload: PreloadStages): Promise<Output[]> {
  const settings = { ...original.settings, plansOnly: true };
  const context: BuildContext = { ...original, settings, warn: async () => {} };
  const { solved, draft } = await (await preload(context)).tail();
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
