/**
 * The stages that need no inner image are built while images are taken in, as they would be if all were one build. The
 * plan shows which steps these are.
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

/**
 * Builds the stages that no PRELOAD is below.
 * @param planned all cuts of the build, for which nothing has run.
 * @throws LarderError if one of their steps fails.
 */
export async function buildAhead(planned: Planning): Promise<void> {
  const { context } = planned;
  const isWorthIt = context.needed.some((stage) => runs(stage) && !isPreloaded(context, stage));
  // A cache from elsewhere may have a step without the steps that it was made of.
  if (!isWorthIt || cacheImports(context.options).length > 0) return;
  // A fault of the file is for the build itself to tell.
  const parts = await independentOf(planned).catch(() => []);
  await Promise.all(parts.map((part) => evaluateOutput(context.bridge, part)));
}

async function independentOf(planned: Planning): Promise<Output[]> {
  const { solved, draft } = await planned.tail();
  const definition = definitionOf(solved);
  return definition ? independentParts(asWritten(planned.context, definition, draft), isOfPreload) : [];
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
