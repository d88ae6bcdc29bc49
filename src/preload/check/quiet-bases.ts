/**
 * What is asked about a whole file is asked of the stock frontend, which refuses images with an `ONBUILD PRELOAD`: it
 * is given them without.
 */

import { isPreloadTrigger, type Stage } from "../../dockerfile/parse.js";
import { stagePlatform } from "../../dockerfile/stage-platform.js";
import { baseStage } from "../../dockerfile/stages.js";
import { type Bases, expandBases } from "../../upstream/expand-bases.js";
import { familiarName } from "../../upstream/named-context.js";
import type { StockRequest } from "../../upstream/request.js";
import type { Task } from "../build-context.js";
import { type ContextImage, withCuts } from "../cut/preloaded-cut.js";
import { loadBaseImage } from "../images/base-image.js";
import { requestsByPlatform } from "../platforms.js";

/** The same request, in which no image that the file builds FROM has such a trigger. */
export async function withQuietBases(task: Task, request: StockRequest): Promise<StockRequest> {
  const { bridge, source, dockerfile } = task;
  const [one = request] = requestsByPlatform(request);
  const expanded = await expandBases(bridge, one, source, dockerfile);
  const quiet = dockerfile.stages.map((stage) => quietBase({ ...task, ...expanded }, one, stage));
  return withCuts(
    request,
    (await Promise.all(quiet)).flatMap((image) => image ?? []),
  );
}

async function quietBase(
  task: Task & Bases,
  request: StockRequest,
  stage: Stage,
): Promise<ContextImage | undefined> {
  const name = task.bases[stage.index] ?? stage.base;
  if (baseStage(task.dockerfile, stage, task.bases)) return undefined;
  // What is wrong with it is for the stock frontend to say.
  const base = await loadBaseImage(task, request, name, stagePlatform(task, request, stage)).catch(
    () => undefined,
  );
  const state = base?.states.at(-1);
  const { OnBuild, ...container } = base?.config.config ?? {};
  if (!base || !state || !OnBuild?.some(isPreloadTrigger)) return undefined;
  const others = OnBuild.filter((trigger) => !isPreloadTrigger(trigger));
  return {
    context: familiarName(name),
    state,
    config: { ...base.config, config: { ...container, OnBuild: others } },
  };
}
