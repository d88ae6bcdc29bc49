/** From the Dockerfile to the result of the build. */

import { type Cut, tailText, withoutKeptHistory } from "../dockerfile/cut.js";
import {
  type Dockerfile,
  parseDockerfile,
  preloadsOf,
  preloadTriggersOf,
  type Stage,
} from "../dockerfile/parse.js";
import { neededStages, targetStage } from "../dockerfile/stages.js";
import type { Lines } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, replacesStage } from "../gateway/options.js";
import type { Result } from "../gen/gateway.js";
import { encodeConfig, type ImageConfig } from "../image/config.js";
import { adopt } from "../upstream/adopt.js";
import { type Bases, expandBases } from "../upstream/expand-bases.js";
import { type SourceFile, withIgnoreFile } from "../upstream/read-dockerfile.js";
import {
  configOf,
  isUnknownPreload,
  originalRequest,
  type StockRequest,
  solveStock,
  tryStock,
  withoutWarnings,
  withText,
} from "../upstream/request.js";
import { buildAhead } from "./build-ahead.js";
import { type BuildContext, readSettings, type Task } from "./build-context.js";
import { answerQuestion } from "./check/answer.js";
import { checkConfig, checkDaemonPaths } from "./check/daemon-path.js";
import { withQuietBases } from "./check/quiet-bases.js";
import { reportWarnings } from "./check/warnings.js";
import { asWritten } from "./cut/as-written.js";
import { solveTail } from "./cut/draft.js";
import { fireTriggers } from "./cut/onbuild.js";
import { preloadCut } from "./cut/preload-cut.js";
import { cutBelow, type PreloadedCut } from "./cut/preloaded-cut.js";
import { refuseMisplaced } from "./directive/misplaced.js";
import { buildPlatforms, requestsByPlatform } from "./platforms.js";
import { planResult } from "./print-plan.js";
import { evaluate } from "./result.js";
import type { Step } from "./steps/agent-step.js";
import { explainFailure } from "./steps/failure.js";
import { larderImage } from "./steps/larder-image.js";

/**
 * @param wasRefused The stock frontend has met a base image that fires a PRELOAD, and has printed its warnings up to it.
 * @throws LarderError, with the place in the Dockerfile where it has one.
 */
export async function build(
  bridge: Bridge,
  options: BuildOptions,
  file: SourceFile,
  { wasRefused }: { wasRefused: boolean },
): Promise<Result> {
  const source = await withIgnoreFile(bridge, file);
  const request = originalRequest(options, source);
  const dockerfile = parseDockerfile(source.filename, source.text);
  const task: Task = { bridge, options, source, dockerfile };
  refuseMisplaced(dockerfile);
  if (options.frontend.requestid !== undefined) return answerQuestion(task, request);
  if (hasPreload(dockerfile)) {
    const fires = dockerfile.stages.some((stage) => preloadTriggersOf(stage).length > 0);
    return buildNeeded(task, request, { fires, wasRefused }).catch((error: unknown) => {
      if (fires || !isUnknownPreload(error)) throw error;
      // Only the images that stages build FROM know of such triggers: they are looked up when there is a need.
      return buildNeeded(task, request, { fires: true, wasRefused });
    });
  }
  const answer = wasRefused ? undefined : await tryStock(bridge, request);
  return answer ?? buildNeeded(task, request, { fires: true, wasRefused: true });
}

function hasPreload({ stages }: Dockerfile): boolean {
  return stages.some((stage) => preloadsOf(stage).length > 0);
}

async function buildNeeded(
  task: Task,
  request: StockRequest,
  { fires, wasRefused }: { fires: boolean; wasRefused: boolean },
): Promise<Result> {
  const { bridge, options, source, dockerfile } = task;
  const needs = await needsByPlatform(task, request);
  const allNeeded = [...needs.values()].flatMap(({ needed }) => needed);
  const target = targetStage(dockerfile, options.frontend.target);
  // It is for the stock frontend to say that there is no such stage.
  if (!target) return solveStock(bridge, withText(request, source, tailText(dockerfile, [])));
  const needOf = ({ options: { platform } }: StockRequest): Need => {
    const need = needs.get(platform);
    if (!need) throw new Error(`unreachable: the needs of ${platform} are not known`);
    return need;
  };
  // Like the stock frontend, it warns of what the first platform meets.
  const [first = request] = requestsByPlatform(pinTargetStage(request, task));
  const quiet = fires ? await withQuietBases(task, first) : first;
  const about = { ...task, ...needOf(first) };
  const steps: Step[] = [];
  const shared = {
    ...task,
    larder: larderImage(options),
    settings: await readSettings(bridge, options, process.env),
    steps,
    warn: await reportWarnings(about, { request: first, quiet }, { target, needed: allNeeded, wasRefused }),
  };
  const buildOne = async (one: StockRequest): Promise<Result> => {
    const need = needOf(one);
    return buildPlatform({ ...shared, ...need }, one, { needed: need.needed, target, fires });
  };
  try {
    return await buildPlatforms(withoutWarnings(request), buildOne);
  } catch (error) {
    throw await explainFailure(bridge, error, steps);
  }
}

type Need = Bases & { readonly needed: readonly Stage[] };

/** What each platform's build needs: a FROM may name another stage for each. */
async function needsByPlatform(task: Task, request: StockRequest): Promise<Map<string | undefined, Need>> {
  const requests = requestsByPlatform(request);
  const needs = await Promise.all(requests.map((one) => findNeed(task, one)));
  return new Map(needs.map((need, index) => [requests[index]?.options.platform, need]));
}

async function findNeed({ bridge, options, source, dockerfile }: Task, request: StockRequest): Promise<Need> {
  const expanded = await expandBases(bridge, request, source, dockerfile);
  const target = targetStage(dockerfile, options.frontend.target);
  const isReplaced = ({ name }: Stage): boolean => replacesStage(options, name);
  const needed = target ? neededStages(dockerfile, target, expanded.bases, isReplaced) : [];
  return { ...expanded, needed };
}

async function buildPlatform(
  context: BuildContext,
  request: StockRequest,
  { needed, target, fires }: { needed: readonly Stage[]; target: Stage; fires: boolean },
): Promise<Result> {
  const { bridge, settings } = context;
  const pinned = pinTargetStage(request, context);
  const preload = (context: BuildContext) => preloadStages(context, pinned, { needed, fires });
  const ahead = buildAhead(context, pinned, needed, preload);
  const planned = preload(context);
  // Whichever fails first ends the build.
  const done = await Promise.race([planned, ahead.then(() => planned)]);
  if (settings.plansOnly) return planResult(context, done, target);

  const { solved, draft } = await solveTail(context, pinned, done);
  const cut = cutBelow(context, target, done);
  const config = withoutKeptHistory(configOf(solved), cut);
  if (cut) await warnOfInheritedCommand(context, needed, config, cut.plans.at(-1)?.lines ?? cut.lines);
  const result = await adopt(bridge, solved, (definition) => asWritten(context, definition, draft));
  await evaluate(bridge, result);
  return { ...result, metadata: { ...result.metadata, "containerimage.config": encodeConfig(config) } };
}

/** What the file itself says has been looked at with the rest of it. */
async function warnOfInheritedCommand(
  { dockerfile, warn }: BuildContext,
  needed: readonly Stage[],
  config: ImageConfig,
  lines: Lines,
): Promise<void> {
  if (needed.some((stage) => checkDaemonPaths(dockerfile, stage).length > 0)) return;
  for (const finding of checkConfig(config.config ?? {}, lines)) await warn(finding);
}

async function preloadStages(
  context: BuildContext,
  request: StockRequest,
  { needed, fires }: { needed: readonly Stage[]; fires: boolean },
): Promise<PreloadedCut[]> {
  const done: PreloadedCut[] = [];
  // One after the other: a cut may build on those above it.
  for (const stage of needed) {
    const fired = fires ? await fireTriggers(context, request, stage, done) : undefined;
    if (fired) done.push(fired);
    for (const preload of preloadsOf(stage)) {
      const cut: Cut = { context: `larder-cut-${done.length + 1}`, stage, preload };
      done.push(await preloadCut(context, request, cut, done));
    }
  }
  return done;
}

/** The predefined ARG TARGETSTAGE would change with the target of the parts that are solved. */
function pinTargetStage(request: StockRequest, { dockerfile, options }: Task): StockRequest {
  const name = options.frontend.target ?? dockerfile.stages.at(-1)?.name ?? "default";
  return { ...request, options: { "build-arg:TARGETSTAGE": name, ...request.options } };
}
