/** Cuts whose PRELOAD is done. */
import type { SolvedCut } from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Count } from "../../dockerfile/step-names.js";
import type { ContextImage } from "../../upstream/context-images.js";
import type { BuildContext } from "../build-context.js";
import type { PreloadPlan } from "../plan/plan.js";
import type { Step } from "../steps/agent-step.js";

/** A cut with its PRELOAD done, as LLB. */
export interface PreloadedCut extends SolvedCut, ContextImage {
  /** Of its PRELOAD; where triggers fired, of theirs. */
  readonly plans: readonly PreloadPlan[];
  /** The steps that its state is made by, beside those of cuts that it builds on. */
  readonly steps: readonly Step[];
  /** Of the steps of the stage above it. */
  readonly count: Count;
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
