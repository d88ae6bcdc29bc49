/** From the Dockerfile to the result of the build. */
import { type Cut, tailText, withoutKeptHistory } from "../dockerfile/cut.js";
import {
  type Dockerfile,
  parseDockerfile,
  preloadsOf,
  preloadTriggersOf,
  type Stage,
} from "../dockerfile/parse.js";
import { type Bases, neededStages, targetStage } from "../dockerfile/stages.js";
import type { Bridge } from "../gateway/bridge.js";
import { type BuildOptions, replacesStage } from "../gateway/options.js";
import type { Result } from "../gen/gateway.js";
import { encodeConfig, type ImageConfig } from "../image/config.js";
import { adopt } from "../upstream/adopt.js";
import { expandBases } from "../upstream/expand-bases.js";
import { type SourceFile, withIgnoreFile } from "../upstream/read-dockerfile.js";
import { originalRequest, type UpstreamRequest, withoutWarnings, withText } from "../upstream/request.js";
import { configOf, solveUpstream, tryUpstream } from "../upstream/solve.js";
import { buildAhead } from "./build-ahead.js";
import type { BuildContext, Task } from "./build-context.js";
import { answerQuestion } from "./check/answer.js";
import { checkConfig, checkDaemonPaths } from "./check/daemon-path.js";
import { type BaseTriggers, mayFire, reportWarnings } from "./check/warnings.js";
import { asWritten } from "./cut/as-written.js";
import { draftCut, finishCut } from "./cut/finish-cut.js";
import { fireTriggers } from "./cut/onbuild.js";
import { type PlannedCut, planCut } from "./cut/plan-cut.js";
import { type MakeCut, Planning } from "./cut/planning.js";
import { placed } from "./directive/fault.js";
import { refuseMisplaced } from "./directive/misplaced.js";
import { buildPlatforms, requestsByPlatform } from "./platforms.js";
import { planResult } from "./print-plan.js";
import { evaluate } from "./result.js";
import { readSettings } from "./settings.js";
import { withReasons } from "./steps/failure.js";
import { explainSteps, larderImage } from "./steps/larder-image.js";

/**
 * @param wasRefused Upstream has refused a base image that fires a PRELOAD.
 * @throws LarderError, with its place in the Dockerfile if it has one.
 */
export async function build(
  bridge: Bridge,
  options: BuildOptions,
  file: SourceFile,
  { wasRefused }: { wasRefused: boolean },
): Promise<Result> {
  const source = await withIgnoreFile(bridge, file);
  const dockerfile = parseDockerfile(source.filename, source.text);
  const request = originalRequest(options, source);
  return placed(undefined, () => buildTask({ bridge, options, source, dockerfile, request }, wasRefused));
}

/** @throws Fault for a PRELOAD that cannot be put into a question to upstream. */
async function buildTask(task: Task, wasRefused: boolean): Promise<Result> {
  const { bridge, options, dockerfile } = task;
  refuseMisplaced(dockerfile);
  if (options.frontend.requestid !== undefined) return answerQuestion(task);
  if (!dockerfile.stages.some((stage) => preloadsOf(stage).length > 0)) {
    // Only images in FROMs can fire a PRELOAD.
    const answer = wasRefused ? undefined : await tryUpstream(bridge, task.request);
    return answer ?? buildNeeded(task, "refused");
  }
  return buildNeeded(task, hasTriggers(dockerfile) ? "suspected" : "unknown");
}

function hasTriggers({ stages }: Dockerfile): boolean {
  return stages.some((stage) => preloadTriggersOf(stage).length > 0);
}

async function buildNeeded(task: Task, triggers: BaseTriggers): Promise<Result> {
  const { bridge, options, dockerfile, request } = task;
  const needs = await needsByPlatform(task);
  const target = targetStage(dockerfile, options.frontend.target);
  // Upstream reports that there is no such stage.
  if (!target) return solveUpstream(bridge, withText(task, tailText(dockerfile, [])));
  // Like upstream, it warns about the first platform.
  const [firstRequest = request] = requestsByPlatform(pinTargetStage(task));
  const first = { ...task, ...needOf(needs, firstRequest), request: firstRequest };
  const needed = [...needs.values()].flatMap((need) => need.needed);
  const reported = await reportWarnings(first, { target, needed, triggers });
  const shared = {
    ...task,
    target,
    larder: larderImage(options),
    settings: await readSettings(bridge, options, process.env),
    warn: reported.warn,
  };
  const built = buildPlatforms(withoutWarnings(request), async (one) => {
    const context = { ...shared, ...needOf(needs, one), request: pinTargetStage({ ...task, request: one }) };
    const isFirst = one.options.platform === firstRequest.options.platform;
    const fires = reported.triggers !== "unknown" || (!isFirst && (await mayFire(context, target)));
    return buildPlatform({ ...context, mayFire: fires });
  });
  return built.catch((thrown: unknown) => {
    throw explainSteps(options, thrown);
  });
}

/** The stages that the build for one platform needs: a FROM may name another stage for each platform. */
type Need = Bases & { readonly needed: readonly Stage[] };

async function needsByPlatform(task: Task): Promise<Map<string | undefined, Need>> {
  const requests = requestsByPlatform(task.request);
  const needs = await Promise.all(requests.map((request) => findNeed({ ...task, request })));
  return new Map(needs.map((need, index) => [requests[index]?.options.platform, need]));
}

async function findNeed(task: Task): Promise<Need> {
  const { options, dockerfile } = task;
  const expanded = await expandBases(task);
  const target = targetStage(dockerfile, options.frontend.target);
  const isReplaced = ({ name }: Stage): boolean => replacesStage(options, name);
  const needed = target ? neededStages(dockerfile, target, expanded.bases, isReplaced) : [];
  return { ...expanded, needed };
}

function needOf(needs: ReadonlyMap<string | undefined, Need>, { options }: UpstreamRequest): Need {
  const need = needs.get(options.platform);
  if (!need) throw new Error(`unreachable: the needs of ${options.platform} are not known`);
  return need;
}

async function buildPlatform(context: BuildContext): Promise<Result> {
  const { bridge, settings, target } = context;
  const plans = new Map<string, PlannedCut>();
  const planned = await makeCuts(context, async (planning, cut) => {
    const plan = await planCut(planning, cut);
    plans.set(cut.context, plan);
    return draftCut(planning, plan);
  });
  if (settings.plansOnly) return planResult(planned);

  const ahead = buildAhead(planned);
  const finished = makeCuts(context, (planning, cut) => finishCut(planning, planOf(plans, cut)));
  // Whichever fails first ends the build.
  const planning = await Promise.race([finished, ahead.then(() => finished)]);

  const { solved, draft } = await planning.tail();
  const cut = planning.cutBelow(target);
  const config = withoutKeptHistory(configOf(solved), cut);
  if (cut) await warnOfInheritedCommand(context, config, cut.plans.at(-1)?.lines ?? cut.lines);
  return withReasons(bridge, planning.steps, async () => {
    const result = await adopt(bridge, solved, (definition) => asWritten(context, definition, draft));
    await evaluate(bridge, result);
    return { ...result, metadata: { ...result.metadata, "containerimage.config": encodeConfig(config) } };
  });
}

function planOf(plans: ReadonlyMap<string, PlannedCut>, { context }: Cut): PlannedCut {
  const plan = plans.get(context);
  if (!plan) throw new Error(`unreachable: ${context} has not been planned`);
  return plan;
}

/** The commands of the file itself have been checked with the rest of it. */
async function warnOfInheritedCommand(
  { dockerfile, needed, warn }: BuildContext,
  config: ImageConfig,
  lines: { readonly start: number; readonly end: number },
): Promise<void> {
  if (needed.some((stage) => checkDaemonPaths(dockerfile, stage).length > 0)) return;
  for (const finding of checkConfig(config.config ?? {}, lines)) await warn(finding);
}

/** Makes the cuts, one after the other: a cut may build on those above it. */
async function makeCuts(context: BuildContext, make: MakeCut): Promise<Planning> {
  let planning = new Planning(context, context);
  for (const stage of context.needed) {
    const fired = context.mayFire ? await fireTriggers(planning, stage, make) : undefined;
    if (fired) planning = planning.with(fired);
    for (const preload of preloadsOf(stage)) {
      const cut: Cut = { context: `larder-cut-${planning.done.length + 1}`, stage, preload };
      planning = planning.with(await make(planning, cut));
    }
  }
  return planning;
}

/** Fixes the predefined ARG TARGETSTAGE, which would change with the target of each part. */
function pinTargetStage({ request, dockerfile, options }: Task): UpstreamRequest {
  const name = options.frontend.target ?? dockerfile.stages.at(-1)?.name ?? "default";
  return { ...request, options: { "build-arg:TARGETSTAGE": name, ...request.options } };
}
