/** The first half of a cut: a PRELOAD is read and planned. Nothing runs but fetch steps, for the sizes of layers. */
import type { Cut } from "../../dockerfile/cut.js";
import { laterLayers } from "../../dockerfile/later-layers.js";
import { stageName } from "../../dockerfile/stages.js";
import type { Lines } from "../../error.js";
import { ignoresCache, proxyEnvironment } from "../../gateway/options.js";
import { countLayers, type ImageConfig, platformOf } from "../../image/config.js";
import type { Platform } from "../../image/platform.js";
import { checkLabel } from "../../shelf/label.js";
import type { BuildContext } from "../build-context.js";
import type { Directive } from "../directive/directive.js";
import { about, placed } from "../directive/fault.js";
import { layerSizes } from "../images/layer-sizes.js";
import { type SettledImage, settle, type TakenImage } from "../images/settled.js";
import { claimedLayers } from "../plan/history.js";
import { type LayerBudget, layerBudget } from "../plan/layer-limit.js";
import { groupLayers, newLayers, planOuterLayers } from "../plan/layers.js";
import type { PreloadPlan } from "../plan/plan.js";
import { isMultiPlatform } from "../platforms.js";
import type { StepContext } from "../steps/agent-step.js";
import { chooseSecurity, chooseVia, viaForPodman } from "../steps/privilege.js";
import type { Head, Planning } from "./planning.js";
import { readDirective } from "./read-directive.js";
import { takeImages } from "./take-images.js";

/** A PRELOAD that has been read, with the images that it names. */
export interface PlannedCut extends CutPlan {
  readonly cut: Cut;
  readonly head: Head;
  readonly directive: Directive;
  readonly step: StepContext;
  readonly platform: Platform;
  readonly taken: readonly TakenImage[];
}

/** The plan of a PRELOAD, and the room that it has in the image. */
export interface CutPlan {
  readonly plan: PreloadPlan;
  readonly budget: LayerBudget;
}

/** @throws LarderError with the PRELOAD's place. */
export async function planCut(planning: Planning, cut: Cut): Promise<PlannedCut> {
  const { context } = planning;
  const lines = placeOf(planning, cut);
  return placed(lines, async () => {
    const { head, directive } = await readDirective(planning, cut);
    const { config } = head.answer;
    about("", () => checkLabel(config));
    const platform = directive.platform ?? platformOf(config);
    const step = stepContext(context, cut, directive, platform, lines);
    const taken = await takeImages({ planning, stage: cut.stage, directive, platform, step, runs: false });
    const read = { cut, head, directive, platform, step, taken };
    return { ...read, ...(await planLayers(planning, read)) };
  });
}

/** Where errors of a cut are shown. */
export function placeOf({ file }: Planning, { preload }: Cut): Lines {
  return file.firesAt?.from.lines ?? preload.lines;
}

/** Which outer layer holds which layer of the images. */
export async function planLayers(
  planning: Planning,
  { cut, head, directive, step, taken }: Omit<PlannedCut, keyof CutPlan>,
): Promise<CutPlan> {
  const { context } = planning;
  const { config } = head.answer;
  const budget = budgetAt(planning, cut, directive, config);
  const images = taken.map(({ image }) => image);
  const layers = newLayers(images, new Set(claimedLayers(config).flat()));
  const isPast = layers.length > budget.files;
  const sizes = isPast ? layerSizes(await settleAll(planning, taken)) : new Map<string, number>();
  const plan: PreloadPlan = {
    lines: step.lines,
    stage: stageName(cut.stage),
    context: cut.context,
    via: step.via,
    security: step.security,
    target: directive.target,
    assembly: context.settings.assembly,
    images,
    outerLayers: planOuterLayers(groupLayers(layers, sizes, budget.files), images),
  };
  return { plan, budget };
}

function stepContext(
  context: BuildContext,
  cut: Cut,
  directive: Directive,
  platform: Platform,
  lines: Lines,
): StepContext {
  const { larder, options, settings, request } = context;
  const choice = directive.via ?? settings.via;
  const via = directive.target.manager === "podman" ? viaForPodman(choice) : chooseVia(choice);
  return {
    larder,
    ignoreCache: ignoresCache(options, cut.stage.name),
    proxies: proxyEnvironment(options),
    platform: isMultiPlatform(request) ? platform : undefined,
    via,
    security: chooseSecurity(via, settings.security),
    lines,
  };
}

function budgetAt(
  { context, file }: Planning,
  { stage, preload }: Cut,
  { target }: Directive,
  config: ImageConfig,
): LayerBudget {
  const { dockerfile, bases, settings } = context;
  const below = file.firesAt
    ? laterLayers(dockerfile, bases, file.firesAt, 0)
    : laterLayers(dockerfile, bases, stage, preload.lines.start);
  const counts = { above: countLayers(config), below, present: claimedLayers(config).length };
  return layerBudget(settings.layerBudget, counts, target.blobs !== "never");
}

/** The documents of all images, and the sources that gave them. */
export function settleAll(
  planning: Planning,
  taken: readonly TakenImage[],
): Promise<(SettledImage | undefined)[]> {
  const { bridge } = planning.context;
  return Promise.all(taken.map((one) => settle(bridge, one, planning.steps)));
}
