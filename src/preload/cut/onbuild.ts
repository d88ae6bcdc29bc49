/**
 * `ONBUILD PRELOAD`: the image that a stage builds FROM has triggers that the stock frontend would fire and does
 * not know. All triggers of such an image are run here, as the instructions of a stage in a file of its own; the
 * stage then builds FROM what they came to.
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
import { stagePlatform } from "../../dockerfile/stage-platform.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Count } from "../../dockerfile/step-names.js";
import { LarderError } from "../../error.js";
import { withoutExcerpt } from "../../gateway/details.js";
import type { ImageConfig } from "../../image/config.js";
import type { Output } from "../../llb/state.js";
import type { StockRequest } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import { loadBaseImage } from "../images/base-image.js";
import { solveHead } from "./head.js";
import { keptAt, preloadCut } from "./preload-cut.js";
import type { PreloadedCut } from "./preloaded-cut.js";

/** @returns nothing for a stage whose base has no such trigger. */
export async function fireTriggers(
  context: BuildContext,
  request: StockRequest,
  stage: Stage,
  done: readonly PreloadedCut[],
): Promise<PreloadedCut | undefined> {
  const base = await baseOf(context, request, stage, done);
  const triggers = base?.config.config?.OnBuild ?? [];
  if (!base || !triggers.some(isPreloadTrigger)) return undefined;
  try {
    return await runTriggers(context, request, stage, done, base, triggers);
  } catch (thrown) {
    const error = LarderError.from(thrown);
    throw new LarderError(`ONBUILD of "${stage.base}": ${error.message}`, {
      code: error.code,
      lines: stage.from.lines,
      details: withoutExcerpt(error.details),
      cause: thrown,
    });
  }
}

/** What a stage builds FROM. */
interface Base {
  readonly state: Output;
  readonly config: ImageConfig;
  /** A FROM counts as a step if it names an image. */
  readonly count: Count;
  /** Of a stage of the file: what acts on the stages that build FROM it beside its config. */
  readonly kept: readonly KeptInstruction[];
}

/** @returns nothing for what has no triggers. */
async function baseOf(
  context: BuildContext,
  request: StockRequest,
  stage: Stage,
  done: readonly PreloadedCut[],
): Promise<Base | undefined> {
  const below = baseStage(context.dockerfile, stage, context.bases);
  if (!below) {
    const name = context.bases[stage.index] ?? stage.base;
    const base = await loadBaseImage(context, request, name, stagePlatform(context, request, stage));
    const state = base?.states.at(-1);
    return base && state && { state, config: base.config, count: { step: 1 }, kept: [] };
  }
  if (preloadTriggersOf(below).length === 0) return undefined;
  const end = endOf(context.dockerfile, below);
  const head = await solveHead(context, request, end, done, []);
  const { state, answer } = head;
  return {
    state,
    config: answer.config,
    count: { step: 0 },
    kept: keptAt(context, request, end, done, head),
  };
}

async function runTriggers(
  original: BuildContext,
  request: StockRequest,
  stage: Stage,
  done: readonly PreloadedCut[],
  base: Base,
  triggers: readonly string[],
): Promise<PreloadedCut> {
  const dockerfile = triggersFile(original.dockerfile, stage, triggers);
  const fired = dockerfile.stages[stage.index];
  if (!fired) throw new Error("unreachable: the file of the triggers lacks their stage");
  const firing = { dockerfile: original.dockerfile, stage };
  const context: BuildContext = { ...original, dockerfile, firing };
  const name = `larder-onbuild-${stage.index + 1}`;
  const lines = fired.from.lines;
  const cuts: PreloadedCut[] = [
    ...done,
    {
      context: `${name}-base`,
      stage: fired,
      lines,
      plans: [],
      ...base,
      ...asTriggers(base.config, base.kept),
    },
  ];
  for (const [index, preload] of preloadsOf(fired).entries()) {
    const cut: Cut = { context: `${name}-${index + 1}`, stage: fired, preload };
    cuts.push(await preloadCut(context, request, cut, cuts));
  }
  const end = endOf(dockerfile, fired);
  const head = await solveHead(context, request, end, cuts, []);
  return {
    context: name,
    stage,
    triggers: fired,
    lines: stage.from.lines,
    ...asTriggers(head.answer.config, keptAt(context, request, end, cuts, head)),
    state: head.state,
    count: head.count,
    plans: cuts.slice(done.length).flatMap(({ plans }) => plans),
  };
}

/** The file down to a stage, which then consists of the triggers. */
function triggersFile({ filename, text }: Dockerfile, stage: Stage, triggers: readonly string[]): Dockerfile {
  const above = text.split("\n").slice(0, stage.from.lines.start - 1);
  const lines = [...above, fromInstruction(stage, stage.base), ...triggers, ""];
  return parseDockerfile(filename, lines.join("\n"));
}

/** A cut below all of a stage. */
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

/** Kept instructions have no lines at a FROM: there they fire. */
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
