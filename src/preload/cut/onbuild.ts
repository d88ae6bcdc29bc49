/**
 * `ONBUILD PRELOAD`: the image in a stage's FROM has triggers that upstream would fire but does not know. Larder runs
 * all triggers of such an image as the instructions of a stage in a separate file, and the user's stage builds FROM
 * their result.
 */
import { type Cut, fromInstruction, type KeptInstruction } from "../../dockerfile/cut.js";
import {
  type Dockerfile,
  isPreloadTrigger,
  parseDockerfile,
  preloadsOf,
  preloadTriggersOf,
  type Stage,
} from "../../dockerfile/parse.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Count } from "../../dockerfile/step-names.js";
import { LarderError } from "../../error.js";
import type { ImageConfig } from "../../image/config.js";
import type { Output } from "../../llb/state.js";
import { withoutExcerpt } from "../../upstream/excerpt.js";
import { placed } from "../directive/fault.js";
import { loadBaseImage } from "../images/base-image.js";
import { type MakeCut, Planning } from "./planning.js";
import type { PreloadedCut } from "./preloaded-cut.js";

/**
 * @param make makes the cuts that the triggers ask for.
 * @returns nothing for a stage whose base has no such trigger.
 */
export async function fireTriggers(
  planning: Planning,
  stage: Stage,
  make: MakeCut,
): Promise<PreloadedCut | undefined> {
  const { lines } = stage.from;
  const base = await placed(lines, () => baseOf(planning, stage));
  const triggers = base?.config.config?.OnBuild ?? [];
  if (!base || !triggers.some(isPreloadTrigger)) return undefined;
  try {
    return await placed(lines, () => runTriggers(planning, stage, base, triggers, make));
  } catch (thrown) {
    const error = LarderError.from(thrown);
    throw new LarderError(`ONBUILD of "${stage.base}": ${error.message}`, {
      code: error.code,
      lines,
      details: withoutExcerpt(error.details),
      cause: thrown,
    });
  }
}

/** The base of a stage. */
interface Base {
  readonly state: Output;
  readonly config: ImageConfig;
  /** A FROM counts as a step if it names an image. */
  readonly count: Count;
  /** The instructions of a stage in the file that affect the stages built FROM it, beside its config. */
  readonly kept: readonly KeptInstruction[];
}

/** @returns undefined for a base without triggers. */
async function baseOf(planning: Planning, stage: Stage): Promise<Base | undefined> {
  const { context, file } = planning;
  const below = baseStage(file.dockerfile, stage, file.bases);
  if (!below) {
    const name = file.bases[stage.index] ?? stage.base;
    const base = await loadBaseImage(context, name, planning.platformOf(stage));
    const state = base?.states.at(-1);
    return base && state && { state, config: base.config, count: { step: 1 }, kept: [] };
  }
  if (preloadTriggersOf(below).length === 0) return undefined;
  const end = endOf(file.dockerfile, below);
  const head = await planning.head(end, []);
  return {
    state: head.state,
    config: head.answer.config,
    count: { step: 0 },
    kept: planning.kept(end, head),
  };
}

async function runTriggers(
  outer: Planning,
  stage: Stage,
  base: Base,
  triggers: readonly string[],
  make: MakeCut,
): Promise<PreloadedCut> {
  const dockerfile = triggersFile(outer.file.dockerfile, stage, triggers);
  const fired = dockerfile.stages[stage.index];
  if (!fired) throw new Error("unreachable: the file of the triggers lacks their stage");
  const name = `larder-onbuild-${stage.index + 1}`;
  const file = { ...outer.file, dockerfile, firesAt: stage };
  let planning = new Planning(outer.context, file, outer.done).with({
    context: `${name}-base`,
    stage: fired,
    lines: fired.from.lines,
    plans: [],
    steps: [],
    ...base,
    ...asTriggers(base.config, base.kept),
  });
  for (const [index, preload] of preloadsOf(fired).entries()) {
    const cut: Cut = { context: `${name}-${index + 1}`, stage: fired, preload };
    planning = planning.with(await make(planning, cut));
  }
  const end = endOf(dockerfile, fired);
  const head = await planning.head(end, []);
  const own = planning.done.slice(outer.done.length);
  return {
    context: name,
    stage,
    triggers: fired,
    lines: stage.from.lines,
    ...asTriggers(head.answer.config, planning.kept(end, head)),
    state: head.state,
    count: head.count,
    plans: own.flatMap(({ plans }) => plans),
    steps: own.flatMap(({ steps }) => steps),
  };
}

/** The file down to a stage whose instructions are replaced by the triggers. */
function triggersFile({ filename, text }: Dockerfile, stage: Stage, triggers: readonly string[]): Dockerfile {
  const above = text.split("\n").slice(0, stage.from.lines.start - 1);
  const lines = [...above, fromInstruction(stage, stage.base), ...triggers, ""];
  return parseDockerfile(filename, lines.join("\n"));
}

/** A cut at the end of a stage. */
function endOf({ stages, text }: Dockerfile, stage: Stage): Cut {
  const line = stages[stage.index + 1]?.from.lines.start ?? text.split("\n").length + 1;
  const preload = {
    keyword: "PRELOAD",
    lines: { start: line, end: line },
    text: "",
    lineStarts: [],
    heredocs: [],
  };
  return { context: "", stage, preload };
}

/** Kept instructions become triggers of the config: they fire at the FROM, and have no lines of their own. */
function asTriggers(
  { config, ...image }: ImageConfig,
  kept: readonly KeptInstruction[],
): Pick<PreloadedCut, "config" | "kept"> {
  const { OnBuild: _, ...container } = config ?? {};
  const triggers = kept.filter(({ text }) => !/^\s*ONBUILD\s/i.test(text));
  const OnBuild = triggers.map(({ text }) => text);
  return {
    config: { ...image, config: { ...container, ...(OnBuild.length > 0 && { OnBuild }) } },
    kept: triggers.map(({ text, entries }) => ({ text, entries })),
  };
}
