import { isPreloadTrigger, type Stage } from "../../dockerfile/parse.js";
import { stagePlatform } from "../../dockerfile/stage-platform.js";
import { type Bases, baseStage } from "../../dockerfile/stages.js";
import { type ContextImage, withImages } from "../../upstream/context-images.js";
import { expandBases } from "../../upstream/expand-bases.js";
import { contextName } from "../../upstream/named-context.js";
import type { UpstreamRequest } from "../../upstream/request.js";
import type { Task } from "../build-context.js";
import { loadBaseImage } from "../images/base-image.js";
import { requestsByPlatform } from "../platforms.js";

/**
 * A request about the whole file. Upstream rejects images with an `ONBUILD PRELOAD`, so those triggers are stripped
 * from the base images first.
 */
export async function withQuietBases(task: Task): Promise<UpstreamRequest> {
  const { request, dockerfile } = task;
  const [one = request] = requestsByPlatform(request);
  const first = { ...task, request: one };
  const expanded = await expandBases(first);
  const quiet = dockerfile.stages.map((stage) => quietBase({ ...first, ...expanded }, stage));
  return withImages(
    request,
    (await Promise.all(quiet)).flatMap((image) => image ?? []),
  );
}

async function quietBase(task: Task & Bases, stage: Stage): Promise<ContextImage | undefined> {
  const name = task.bases[stage.index] ?? stage.base;
  if (baseStage(task.dockerfile, stage, task.bases)) return undefined;
  const platform = stagePlatform(task, task.request.options.platform, stage);
  // Upstream reports errors of the image.
  const base = await loadBaseImage(task, name, platform).catch(() => undefined);
  const state = base?.states.at(-1);
  const { OnBuild, ...container } = base?.config.config ?? {};
  if (!base || !state || !OnBuild?.some(isPreloadTrigger)) return undefined;
  const others = OnBuild.filter((trigger) => !isPreloadTrigger(trigger));
  return {
    context: contextName(name),
    state,
    config: { ...base.config, config: { ...container, OnBuild: others } },
  };
}
