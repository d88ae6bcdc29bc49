/** What stands above a cut. */
import { type Cut, headText, keptVariables, withoutKeptHistory } from "../dockerfile/cut.js";
import { type Probe, type ProbeAnswer, readProbe } from "../dockerfile/probe.js";
import {
  asIntermediate,
  configOf,
  type StockRequest,
  solveOne,
  withText,
} from "../dockerfile/stock-frontend.js";
import { LarderError } from "../error.js";
import { fromDefinition, type Output } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import { ancestorsOf, cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";
import { predefinedPlatforms } from "./written-words.js";

/** The stage above a cut. */
export interface Head {
  readonly state: Output;
  readonly answer: ProbeAnswer;
}

/** @param words to be expanded as at the cut. */
export async function solveHead(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
  words: readonly string[],
): Promise<Head> {
  const { bridge, dockerfile, source } = context;
  const ancestors = ancestorsOf(context, cut.stage, done);
  const variables = keptVariables(dockerfile, ancestors, cut);
  const probe: Probe = { words, variables, predefined: predefinedPlatforms(words, variables) };
  const draft = headText(dockerfile, cut, done, probe);
  const result = await solveOne(bridge, asIntermediate(withText(withCuts(request, done), source, draft)));
  const state = result.result?.$case === "ref" ? fromDefinition(result.result.value.def) : undefined;
  if (!state) {
    throw new LarderError(
      "PRELOAD: the stage is empty (FROM scratch), so it has no container manager; build FROM an image with Docker",
      { lines: cut.preload.lines },
    );
  }
  const config = withoutKeptHistory(configOf(result), cutBelow(context, cut.stage, done));
  return { state, answer: readProbe(probe, config) };
}
