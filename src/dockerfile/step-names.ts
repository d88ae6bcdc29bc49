/** How upstream calls the steps of a stage in the build's output: `[linux/amd64 stage-0 2/5] RUN make`. */
import type { Dockerfile, Instruction, Stage } from "./parse.js";
import { stageName } from "./stages.js";

/** How far the steps of a stage have been counted. */
export interface Count {
  /** The last number; 0 if there was none. */
  readonly step: number;
  /** What the whole stage comes to, once a step has said it. */
  readonly total?: number;
}

/** A name in its parts. */
interface StepName {
  /** Only in builds for several platforms; with the blank that follows. */
  readonly platform: string;
  /** Empty in a file of one stage. */
  readonly stage: string;
  /** From 1. */
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
 * The number that a step has in its stage, from the one that it has in a draft of a part of it.
 * @param above what a FROM of the draft stands for
 * @param below steps that are not in the draft
 */
export function numberThrough(name: StepName, above: Count | undefined, below: number): StepName {
  if (!above) return { ...name, total: name.total + below };
  // A FROM that names a context counts as a step, and takes no number.
  const total = above.total ?? above.step + name.total - 1 + below;
  return { ...name, step: above.step + name.step, total };
}

/** Of instructions that are counted. */
export function countSteps(instructions: readonly Instruction[]): number {
  return instructions.filter(({ keyword }) => ["RUN", "COPY", "ADD", "WORKDIR"].includes(keyword)).length;
}

/** What names have of a stage: nothing in a file of one. An image that is copied from, or any mount, counts as another. */
export function stageInNames({ stages }: Dockerfile, stage: Stage): string {
  const takesFrom = ({ keyword, text }: Instruction): boolean =>
    ["COPY", "RUN"].includes(keyword) && /^(--\S+\s+)*--(from|mount)=/.test(text);
  const isOnly = stages.length === 1 && !stages.some(({ instructions }) => instructions.some(takesFrom));
  return isOnly ? "" : stageName(stage).toLowerCase();
}
