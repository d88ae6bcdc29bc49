/** Finds the stages that a build needs. */
import type { Dockerfile, Stage } from "./parse.js";

/** The words of the FROMs by stage number, with the ARGs above the first FROM expanded. */
export interface Bases {
  /** The word after FROM. */
  readonly bases: readonly string[];
  /** The value of `--platform=`; empty if it is not given. */
  readonly platforms: readonly string[];
}

/** The name of a stage, or `stage-<index>`. */
export function stageName({ index, name }: Stage): string {
  return name ?? `stage-${index}`;
}

/** The stage that `--target` names (in capitals or small letters, but not by number), by default the last one. */
export function targetStage({ stages }: Dockerfile, target: string | undefined): Stage | undefined {
  return target ? findStage(stages, target) : stages.at(-1);
}

/** The stage in this file that a stage builds FROM, if any. `bases` are the expanded words after FROM. */
export function baseStage({ stages }: Dockerfile, stage: Stage, bases: readonly string[]): Stage | undefined {
  return findStage(stages.slice(0, stage.index), bases[stage.index] ?? stage.base);
}

/**
 * The target and all stages that it builds FROM, copies from or mounts, in the order of the file. A stage that a named
 * context replaces is not needed, and neither are the stages that only it needs.
 */
export function neededStages(
  dockerfile: Dockerfile,
  target: Stage,
  bases: readonly string[],
  isReplaced: (stage: Stage) => boolean = () => false,
): Stage[] {
  const needed = new Set<Stage>();
  const visit = (stage: Stage | undefined): void => {
    if (!stage || needed.has(stage) || isReplaced(stage)) return;
    needed.add(stage);
    visit(baseStage(dockerfile, stage, bases));
    for (const name of referencedStages(stage)) {
      // A name with a variable may stand for any stage above.
      if (name.includes("$")) dockerfile.stages.slice(0, stage.index).forEach(visit);
      else visit(/^\d+$/.test(name) ? dockerfile.stages[Number(name)] : findStage(dockerfile.stages, name));
    }
  };
  visit(target);
  return dockerfile.stages.filter((stage) => needed.has(stage));
}

/** The stage above that `COPY --from=` names, by name or by number. */
export function copiedStage({ stages }: Dockerfile, from: Stage, name: string): Stage | undefined {
  const above = stages.slice(0, from.index);
  return /^\d+$/.test(name) ? above[Number(name)] : findStage(above, name);
}

function findStage(stages: readonly Stage[], name: string): Stage | undefined {
  return stages.findLast((stage) => stage.name?.toLowerCase() === name.toLowerCase());
}

/** Names in COPY --from=x, PRELOAD --from=x and RUN --mount=...,from=x, also after ONBUILD. */
function referencedStages(stage: Stage): string[] {
  return stage.instructions
    .filter(({ keyword }) => ["COPY", "ADD", "RUN", "ONBUILD", "PRELOAD"].includes(keyword))
    .flatMap(({ text }) => [...text.matchAll(/(?:--from=|--mount=\S*?\bfrom=)["']?([^\s,"']+)/g)])
    .map((match) => match[1] ?? "");
}
