/** From the Dockerfile to the result of the build. */
import { type Cut, tailText, withoutKeptHistory } from "../dockerfile/cut.js";
import { expandBases } from "../dockerfile/expand-bases.js";
import { type Dockerfile, parseDockerfile, preloadsOf, type Stage } from "../dockerfile/parse.js";
import type { Source } from "../dockerfile/read.js";
import { neededStages, targetStage } from "../dockerfile/stages.js";
import {
  configOf,
  originalRequest,
  type StockRequest,
  solveStock,
  withText,
} from "../dockerfile/stock-frontend.js";
import { withOriginalText } from "../dockerfile/subrequest.js";
import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, replacesStage } from "../gateway/options.js";
import type { Result } from "../gen/gateway.js";
import { encodeConfig } from "../image/config.js";
import { type BuildContext, readSettings } from "./build-context.js";
import { preloadCut } from "./cut-stage.js";
import { explainFailure } from "./failure.js";
import { larderImage } from "./larder-image.js";
import { buildPlatforms } from "./platforms.js";
import { cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";
import { isPlanOnly, planResult } from "./print-plan.js";
import type { Step } from "./steps.js";

/** @throws LarderError, with the place in the Dockerfile where it has one. */
export async function build(bridge: Bridge, options: BuildOptions, source: Source): Promise<Result> {
  const request = originalRequest(options, source);
  const dockerfile = parseDockerfile(source.filename, source.text);
  refuseMisplaced(dockerfile);
  if (!dockerfile.stages.some((stage) => preloadsOf(stage).length > 0)) return solveStock(bridge, request);

  const bases = await expandBases(bridge, request, source, dockerfile);
  const target = targetStage(dockerfile, options.frontend.target);
  const isReplaced = ({ name }: Stage): boolean => replacesStage(options, name);
  const needed = target ? neededStages(dockerfile, target, bases, isReplaced) : [];
  const cuts = cutsOf(needed);
  const isSubrequest = options.frontend.requestid !== undefined;
  if (!target || cuts.length === 0 || isSubrequest) {
    const given = tailText(dockerfile, []);
    const answer = await solveStock(bridge, withText(request, source, given));
    await evaluate(bridge, answer);
    return withOriginalText(answer, given, source.text);
  }

  const settings = await readSettings(bridge, options, process.env);
  const steps: Step[] = [];
  const context: BuildContext = {
    bridge,
    options,
    source,
    dockerfile,
    bases,
    larder: larderImage(options),
    settings,
    steps,
  };
  try {
    return await buildPlatforms(request, (one) => buildPlatform(context, one, cuts, target));
  } catch (error) {
    throw await explainFailure(bridge, error, steps);
  }
}

async function buildPlatform(
  context: BuildContext,
  request: StockRequest,
  cuts: readonly Cut[],
  target: Stage,
): Promise<Result> {
  const { bridge, dockerfile, source, options } = context;
  const pinned = pinTargetStage(request, dockerfile.stages.at(-1), options);
  const done: PreloadedCut[] = [];
  // One after the other: a cut may build on those above it.
  for (const cut of cuts) done.push(await preloadCut(context, pinned, cut, done));
  if (isPlanOnly(options)) return planResult(context, done, target);

  const result = await solveStock(
    bridge,
    withText(withCuts(pinned, done), source, tailText(dockerfile, done)),
  );
  const config = withoutKeptHistory(configOf(result), cutBelow(context, target, done));
  await evaluate(bridge, result);
  return { ...result, metadata: { ...result.metadata, "containerimage.config": encodeConfig(config) } };
}

/** @throws LarderError for a PRELOAD that is in no stage, or in an ONBUILD. */
function refuseMisplaced({ globals, stages }: Dockerfile): void {
  const early = globals.find(({ keyword }) => keyword === "PRELOAD");
  if (early)
    throw new LarderError("PRELOAD: no stage has begun; put it below a FROM", { lines: early.lines });
  const trigger = stages
    .flatMap(({ instructions }) => instructions)
    .find(({ keyword, text }) => keyword === "ONBUILD" && /^PRELOAD\b/i.test(text));
  if (!trigger) return;
  const message =
    "ONBUILD PRELOAD: the build that fires it may know no PRELOAD; put PRELOAD into the Dockerfile that builds FROM this image";
  throw new LarderError(message, { lines: trigger.lines });
}

/**
 * Runs a build here rather than in the daemon after the return: a failed step can still be asked why, and
 * the excerpt be the user's. A result of scratch has a ref without an id.
 */
async function evaluate(bridge: Bridge, { result }: Result): Promise<void> {
  const refs =
    result?.$case === "refs"
      ? Object.values(result.value.refs)
      : result?.$case === "ref"
        ? [result.value]
        : [];
  await Promise.all(refs.filter(({ id }) => id !== "").map(({ id }) => bridge.evaluate(id)));
}

function cutsOf(stages: readonly Stage[]): Cut[] {
  const places = stages.flatMap((stage) => preloadsOf(stage).map((preload) => ({ stage, preload })));
  return places.map((place, index) => ({ ...place, context: `larder-cut-${index + 1}` }));
}

/** The predefined ARG TARGETSTAGE would change with the target of the parts that are solved. */
function pinTargetStage(request: StockRequest, last: Stage | undefined, options: BuildOptions): StockRequest {
  const name = options.frontend.target ?? last?.name ?? "default";
  return { ...request, options: { "build-arg:TARGETSTAGE": name, ...request.options } };
}
