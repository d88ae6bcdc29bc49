/** Cuts whose PRELOAD is done, and what the stock frontend is told of them. */
import type { SolvedCut } from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Count } from "../../dockerfile/step-names.js";
import { encodeConfig, type ImageConfig } from "../../image/config.js";
import { marshal } from "../../llb/marshal.js";
import type { Output } from "../../llb/state.js";
import type { StockRequest } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import type { PreloadPlan } from "../plan/plan.js";

/** A cut with its PRELOAD done, as LLB. */
export interface PreloadedCut extends SolvedCut, ContextImage {
  /** Of its PRELOAD; where triggers fired, of theirs. */
  readonly plans: readonly PreloadPlan[];
  /** Of the steps of the stage above it. */
  readonly count: Count;
}

/** An image that a file builds FROM by the name of a context. */
export interface ContextImage {
  readonly context: string;
  readonly state: Output;
  readonly config: ImageConfig;
}

/** What the stock frontend has to be told of the contexts in the file that it is given. */
export function withCuts(request: StockRequest, cuts: readonly ContextImage[]): StockRequest {
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
export function cutBelow<C extends SolvedCut>(
  context: BuildContext,
  stage: Stage,
  cuts: readonly C[],
): C | undefined {
  const ofStage = ({ index }: Stage): C | undefined => cuts.findLast((cut) => cut.stage.index === index);
  return [stage, ...fileAncestors(context, stage)].map(ofStage).find((cut) => cut !== undefined);
}

/** The stages that a stage builds on, nearest first; what fired at a FROM is one of them. */
export function ancestorsOf(context: BuildContext, stage: Stage, cuts: readonly SolvedCut[]): Stage[] {
  const fired = (at: Stage): Stage[] =>
    cuts.flatMap(({ stage, triggers }) => (triggers && stage.index === at.index ? [triggers] : []));
  return [...fired(stage), ...fileAncestors(context, stage).flatMap((below) => [below, ...fired(below)])];
}

function fileAncestors(context: BuildContext, stage: Stage): Stage[] {
  const base = baseStage(context.dockerfile, stage, context.bases);
  return base ? [base, ...fileAncestors(context, base)] : [];
}
