/** What stands above a cut. */
import { type Cut, headText, keptVariables } from "../../dockerfile/cut.js";
import { type Probe, type ProbeAnswer, readProbe } from "../../dockerfile/probe.js";
import type { Count } from "../../dockerfile/step-names.js";
import { LarderError } from "../../error.js";
import type { Output } from "../../llb/state.js";
import type { StockRequest } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import { predefinedPlatforms } from "../directive/written-words.js";
import { countAbove, lastStep, stepsBelow } from "./as-written.js";
import { solveDraft } from "./draft.js";
import { ancestorsOf, type PreloadedCut } from "./preloaded-cut.js";

/** The stage above a cut. */
export interface Head {
  readonly state: Output;
  readonly answer: ProbeAnswer;
  /** Of its steps. */
  readonly count: Count;
}

/** @param words to be expanded as at the cut. */
export async function solveHead(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
  words: readonly string[],
): Promise<Head> {
  const { dockerfile } = context;
  const ancestors = ancestorsOf(context, cut.stage, done);
  const variables = keptVariables(dockerfile, ancestors, cut);
  const probe: Probe = { words, variables, predefined: predefinedPlatforms(words, variables) };
  const below = stepsBelow(context, cut.stage, cut.preload.lines.start);
  const draft = { text: headText(dockerfile, cut, done, probe), done, goesOn: { stage: cut.stage, below } };
  const { definition, state, config } = await solveDraft(context, request, draft, cut.stage);
  if (!definition || !state) {
    throw new LarderError(
      "PRELOAD: the stage is empty (FROM scratch), so it has no container manager; build FROM an image with Docker",
      { lines: cut.preload.lines },
    );
  }
  const count = lastStep(context, definition, cut.stage) ?? countAbove(done, cut.stage) ?? { step: 0 };
  return { state, answer: readProbe(probe, config), count };
}
