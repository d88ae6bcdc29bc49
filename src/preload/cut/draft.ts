import { tailText, withoutKeptHistory } from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { stagePlatform } from "../../dockerfile/stage-platform.js";
import type { Result } from "../../gen/gateway.js";
import type { Definition } from "../../gen/ops.js";
import type { ImageConfig } from "../../image/config.js";
import { fromDefinition, type State } from "../../llb/state.js";
import {
  asIntermediate,
  configOf,
  definitionOf,
  type StockRequest,
  solveOne,
  withText,
} from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import { asWritten, type SolvedDraft } from "./as-written.js";
import { cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";

/**
 * What the stock frontend makes of a draft of the file whose last stage is the one that is meant.
 * @returns a state that is scratch for a stage without a file, and the config as if nothing had been cut, for the
 * platform of the stage.
 */
export async function solveDraft(
  context: BuildContext,
  request: StockRequest,
  draft: SolvedDraft,
  stage: Stage,
): Promise<{ definition: Definition | undefined; state: State; config: ImageConfig }> {
  const { bridge, source } = context;
  const { text, done } = draft;
  const solved = await solveOne(bridge, asIntermediate(withText(withCuts(request, done), source, text)));
  const drafted = definitionOf(solved);
  const config = withoutKeptHistory(configOf(solved), cutBelow(context, stage, done));
  const definition = drafted && asWritten(context, drafted, draft);
  return {
    definition,
    state: fromDefinition(definition),
    config: forStage(context, request, stage, config),
  };
}

/** What the stock frontend makes of the file when all cuts are done: the rest of the target, and what it needs. */
export async function solveTail(
  context: BuildContext,
  request: StockRequest,
  done: readonly PreloadedCut[],
): Promise<{ solved: Result; draft: SolvedDraft }> {
  const { bridge, source, dockerfile } = context;
  const text = tailText(dockerfile, done);
  const solved = await solveOne(bridge, withText(withCuts(request, done), source, text));
  return { solved, draft: { text, done } };
}

/** A stage that is the last of its file gets the platform of the build, whatever it builds FROM. */
function forStage(
  context: BuildContext,
  request: StockRequest,
  stage: Stage,
  config: ImageConfig,
): ImageConfig {
  if (!request.options.platform) return config;
  const { variant: _, ...rest } = config;
  return { ...rest, ...stagePlatform(context, request, stage) };
}
