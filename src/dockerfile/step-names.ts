/** Upstream's names for the steps of a stage in the output of the build: `[linux/amd64 stage-0 2/5] RUN make`. */
import type { Dockerfile, Instruction, Stage } from "./parse.js";
import { stageName } from "./stages.js";

/** The count of a stage's steps so far. */
export interface Count {
  /** The last number; 0 if there was none. */
  readonly step: number;
  /** The total of the stage. It is known once a step's name has given it. */
  readonly total?: number;
}

/** The parts of a name. */
interface StepName {
  /** Present only in builds for several platforms; ends with the blank. */
  readonly platform: string;
  /** Empty in a file with one stage. */
  readonly stage: string;
  /** Begins at 1. */
  readonly step: number;
  readonly total: number;
  readonly words: string;
}

export function parseStepName(name: string): StepName | undefined {
  const match = /^\[([^\s\]]+\/\S+ )?(?:([a-z][\w.-]*) )?\s*(\d+)\/(\d+)\] (.*)$/s.exec(name);
  if (!match) return undefined;
  const [, platform = "", stage = "", step, total, words = ""] = match;
  return { platform, stage, step: Number(step), total: Number(total), words };
}

export function formatStepName({ platform, stage, step, total, words }: StepName): string {
  const number = String(step).padStart(String(total).length);
  return `[${platform}${stage && `${stage} `}${number}/${total}] ${words}`;
}

/**
 * Computes the number of a step in its whole stage from its number in a draft of a part of the stage.
 * @param above count of the steps that a FROM of the draft stands for
 * @param below number of steps that are not in the draft
 */
export function numberThrough(name: StepName, above: Count | undefined, below: number): StepName {
  if (!above) return { ...name, total: name.total + below };
  // A FROM that names a context counts as a step but has no number.
  const total = above.total ?? above.step + name.total - 1 + below;
  return { ...name, step: above.step + name.step, total };
}

/** The number of instructions that count as steps. */
export function countSteps(instructions: readonly Instruction[]): number {
  return instructions.filter(({ keyword }) => ["RUN", "COPY", "ADD", "WORKDIR"].includes(keyword)).length;
}

/**
 * The stage in names of steps. A file with one stage has none, but an image that is copied from, or any mount, counts
 * as another stage.
 */
export function stageInNames({ stages }: Dockerfile, stage: Stage): string {
  const takesFrom = ({ keyword, text }: Instruction): boolean =>
    ["COPY", "RUN"].includes(keyword) && /^(--\S+\s+)*--(from|mount)=/.test(text);
  const isOnly = stages.length === 1 && !stages.some(({ instructions }) => instructions.some(takesFrom));
  return isOnly ? "" : stageName(stage).toLowerCase();
}
