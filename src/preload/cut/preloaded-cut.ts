/** Cuts whose PRELOAD has been done. */
import type { SolvedCut } from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Count } from "../../dockerfile/step-names.js";
import type { ContextImage } from "../../upstream/context-images.js";
import type { PreloadPlan } from "../plan/plan.js";
import type { Step } from "../steps/agent-step.js";
import type { CutFile } from "./cut-file.js";

/** A cut with its PRELOAD done, as LLB. */
export interface PreloadedCut extends SolvedCut, ContextImage {
  /** The plan of its PRELOAD or, if triggers fired, of theirs. */
  readonly plans: readonly PreloadPlan[];
  /** The steps that produce its state, without those of the cuts below it. */
  readonly steps: readonly Step[];
  /** The count of steps in the stage above it. */
  readonly count: Count;
}

/** The nearest cut that a stage builds on: its own last one, or that of a stage below. */
export function cutBelow<C extends SolvedCut>(
  file: CutFile,
  stage: Stage,
  cuts: readonly C[],
): C | undefined {
  const ofStage = ({ index }: Stage): C | undefined => cuts.findLast((cut) => cut.stage.index === index);
  return [stage, ...fileAncestors(file, stage)].map(ofStage).find((cut) => cut !== undefined);
}

/** The stages that a stage builds on, nearest first. The triggers that fired at a FROM count as one. */
export function ancestorsOf(file: CutFile, stage: Stage, cuts: readonly SolvedCut[]): Stage[] {
  const fired = (at: Stage): Stage[] =>
    cuts.flatMap(({ stage, triggers }) => (triggers && stage.index === at.index ? [triggers] : []));
  return [...fired(stage), ...fileAncestors(file, stage).flatMap((below) => [below, ...fired(below)])];
}

function fileAncestors(file: CutFile, stage: Stage): Stage[] {
  const base = baseStage(file.dockerfile, stage, file.bases);
  return base ? [base, ...fileAncestors(file, base)] : [];
}
