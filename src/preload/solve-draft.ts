import { withoutKeptHistory } from "../dockerfile/cut.js";
import type { Stage } from "../dockerfile/parse.js";
import {
  asIntermediate,
  configOf,
  type StockRequest,
  solveOne,
  withText,
} from "../dockerfile/stock-frontend.js";
import type { ImageConfig } from "../image/config.js";
import { fromDefinition, type State } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import { cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";

/**
 * What the stock frontend makes of a draft of the file whose last stage is the one that is meant.
 * @returns a state that is scratch for a stage without a file, and the config as if nothing had been cut.
 */
export async function solveDraft(
  context: BuildContext,
  request: StockRequest,
  draft: string,
  stage: Stage,
  done: readonly PreloadedCut[],
): Promise<{ state: State; config: ImageConfig }> {
  const { bridge, source } = context;
  const result = await solveOne(bridge, asIntermediate(withText(withCuts(request, done), source, draft)));
  return {
    state: result.result?.$case === "ref" ? fromDefinition(result.result.value.def) : undefined,
    config: withoutKeptHistory(configOf(result), cutBelow(context, stage, done)),
  };
}
