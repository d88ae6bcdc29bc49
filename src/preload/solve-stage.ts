/** A whole stage of the file, as an image. */
import { stageText, withoutKeptHistory } from "../dockerfile/cut.js";
import type { Stage } from "../dockerfile/parse.js";
import {
  asIntermediate,
  configOf,
  type StockRequest,
  solveOne,
  withText,
} from "../dockerfile/stock-frontend.js";
import { fromDefinition } from "../llb/state.js";
import type { BaseImage } from "./base-image.js";
import type { BuildContext } from "./build-context.js";
import { cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";

/** @returns nothing for a stage without a file. */
export async function solveStage(
  context: BuildContext,
  request: StockRequest,
  stage: Stage,
  done: readonly PreloadedCut[],
): Promise<BaseImage | undefined> {
  const { bridge, source, dockerfile } = context;
  const text = stageText(dockerfile, stage, done);
  const result = await solveOne(bridge, asIntermediate(withText(withCuts(request, done), source, text)));
  const state = result.result?.$case === "ref" ? fromDefinition(result.result.value.def) : undefined;
  const config = withoutKeptHistory(configOf(result), cutBelow(context, stage, done));
  return state && { states: [state], config };
}
