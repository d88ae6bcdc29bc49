/** Cuts whose PRELOAD is done, and what the stock frontend is told of them. */
import type { Cut, SolvedCut } from "../dockerfile/cut.js";
import type { Stage } from "../dockerfile/parse.js";
import { baseStage } from "../dockerfile/stages.js";
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import { encodeConfig } from "../image/config.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import type { PreloadPlan } from "./plan.js";

/** A cut with its PRELOAD done, as LLB. */
export interface PreloadedCut extends SolvedCut {
  readonly plan: PreloadPlan;
  readonly state: Output;
}

/** What the stock frontend has to be told of the cuts in the file that it is given. */
export function withCuts(request: StockRequest, cuts: readonly PreloadedCut[]): StockRequest {
  const options = cuts.flatMap(({ context, config }) => {
    const metadata = { "containerimage.config": encodeConfig(config).toString("base64") };
    return [
      [`context:${context}`, `input:${context}`],
      [`input-metadata:${context}`, JSON.stringify(metadata)],
    ];
  });
  const inputs = cuts.map(({ context, state }) => [context, marshal(state)]);
  return {
    options: { ...request.options, ...Object.fromEntries(options) },
    inputs: { ...request.inputs, ...Object.fromEntries(inputs) },
  };
}

/** The cut that a stage builds on: its own last one, or that of a stage below. */
export function cutBelow<C extends Cut>(
  context: BuildContext,
  stage: Stage,
  cuts: readonly C[],
): C | undefined {
  const chain = [stage, ...ancestorsOf(context, stage)];
  const cutStage = chain.find((candidate) => cuts.some((cut) => cut.stage === candidate));
  return cuts.findLast((cut) => cut.stage === cutStage);
}

/** The stages of this file that a stage builds on, nearest first. */
export function ancestorsOf(context: BuildContext, stage: Stage): Stage[] {
  const base = baseStage(context.dockerfile, stage, context.bases);
  return base ? [base, ...ancestorsOf(context, base)] : [];
}
