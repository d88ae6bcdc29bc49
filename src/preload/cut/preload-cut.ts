/** Makes one cut: from the part above a PRELOAD to the image in the FROM of the part below. */
import { type StockAnswer, stockAnswer } from "../../agent/job.js";
import type { Cut } from "../../dockerfile/cut.js";
import { laterLayers } from "../../dockerfile/later-layers.js";
import { stageName } from "../../dockerfile/stages.js";
import type { Lines } from "../../error.js";
import { ignoresCache, proxyEnvironment, sourceDateEpoch } from "../../gateway/options.js";
import { countLayers, type ImageConfig, platformOf } from "../../image/config.js";
import type { Platform } from "../../image/platform.js";
import type { Output } from "../../llb/state.js";
import { checkLabel } from "../../shelf/label.js";
import type { BuildContext } from "../build-context.js";
import type { Directive } from "../directive/directive.js";
import { about, placed } from "../directive/fault.js";
import { readLayerSizes } from "../images/layer-sizes.js";
import { preloadedConfig } from "../plan/config.js";
import { claimedLayers } from "../plan/history.js";
import { blobBudget, findCrowding, type LayerBudget, layerBudget } from "../plan/layer-limit.js";
import { groupLayers, newLayers, planBlobLayers, planOuterLayers } from "../plan/layers.js";
import type { BlobLayer, PreloadPlan } from "../plan/plan.js";
import { isMultiPlatform } from "../platforms.js";
import { evaluateOutput, readOutput } from "../result.js";
import type { Step, StepContext } from "../steps/agent-step.js";
import { assemble } from "../steps/assemble.js";
import { withReasons } from "../steps/failure.js";
import { chooseSecurity } from "../steps/privilege.js";
import { shelveBlobs } from "../steps/shelve.js";
import { type Stocked, stockImages } from "../steps/stock.js";
import type { Head, Planning } from "./planning.js";
import type { PreloadedCut } from "./preloaded-cut.js";
import { readDirective } from "./read-directive.js";
import { type TakenImage, takeImages } from "./take-images.js";

/** @throws LarderError with the PRELOAD's place. */
export async function preloadCut(planning: Planning, cut: Cut): Promise<PreloadedCut> {
  const { firing } = planning.context;
  return placed(firing?.stage.from.lines ?? cut.preload.lines, async () =>
    stockCut(await planCut(planning, cut)),
  );
}

/** A planned PRELOAD, with its images. */
interface PlannedCut {
  readonly planning: Planning;
  readonly cut: Cut;
  readonly head: Head;
  readonly step: StepContext;
  readonly budget: LayerBudget;
  readonly plan: PreloadPlan;
  readonly layouts: readonly Output[];
  /** The steps that produce the images. */
  readonly steps: readonly Step[];
}

async function planCut(planning: Planning, cut: Cut): Promise<PlannedCut> {
  const { context } = planning;
  const { head, directive } = await readDirective(planning, cut);
  const { config } = head.answer;
  about("", () => checkLabel(config));
  const platform = directive.platform ?? platformOf(config);
  const lines = context.firing?.stage.from.lines ?? directive.lines;
  const step = stepContext(context, cut, platform, lines);
  const taken = await takeImages({ planning, stage: cut.stage, directive, platform, step });
  const layouts = taken.flatMap(({ layout }) => layout ?? []);
  const steps = [...new Set(taken.flatMap((one) => one.steps))];
  const budget = budgetAt(context, cut, directive, config);
  const images = taken.map(({ image }) => image);
  const layers = newLayers(images, new Set(claimedLayers(config).flat()));
  const sizes = layers.length > budget.files ? await readSizes(planning, taken) : new Map<string, number>();
  const plan: PreloadPlan = {
    lines,
    stage: stageName(cut.stage),
    context: cut.context,
    security: step.security,
    target: directive.target,
    assembly: context.settings.assembly,
    images,
    outerLayers: planOuterLayers(groupLayers(layers, sizes, budget.files), images),
  };
  return { planning, cut, head, step, budget, plan, layouts, steps };
}

/** Runs the stock step, and turns the plan into LLB. */
async function stockCut(planned: PlannedCut): Promise<PreloadedCut> {
  const { planning, cut, head, step, budget, plan, layouts } = planned;
  const { context } = planning;
  const { config } = head.answer;
  const stocked = stockImages(step, plan, { stage: head.state, env: config.config?.Env ?? [], layouts });
  const blobLayers = context.settings.plansOnly ? [] : await askForBlobs(planned, stocked);
  const crowding = findCrowding(budget, plan.outerLayers, blobLayers.length);
  if (crowding) await context.warn({ ...crowding, lines: plan.lines });
  const blobs = shelveBlobs(step, plan, layouts, blobLayers);
  const parts = [...stocked.layers, ...blobs.layers, stocked.catalog];
  const assembled = assemble(step, plan, head.state, parts);
  return {
    context: cut.context,
    stage: cut.stage,
    lines: { start: cut.stage.from.lines.start, end: cut.preload.lines.end },
    plans: [plan],
    state: assembled.state,
    steps: [...planned.steps, stocked.step, ...blobs.steps, ...assembled.steps],
    config: preloadedConfig(config, plan, blobLayers, sourceDateEpoch(context.options)),
    kept: planning.kept(cut, head),
    count: head.count,
  };
}

function stepContext(context: BuildContext, cut: Cut, platform: Platform, lines: Lines): StepContext {
  const { larder, options, settings, request } = context;
  return {
    larder,
    ignoreCache: ignoresCache(options, cut.stage.name),
    proxies: proxyEnvironment(options),
    platform: isMultiPlatform(request) ? platform : undefined,
    security: chooseSecurity(settings.security),
    lines,
  };
}

function budgetAt(
  { dockerfile, bases, firing, settings }: BuildContext,
  { stage, preload }: Cut,
  { target }: Directive,
  config: ImageConfig,
): LayerBudget {
  const below = firing
    ? laterLayers(firing.dockerfile, bases, firing.stage, 0)
    : laterLayers(dockerfile, bases, stage, preload.lines.start);
  const counts = { above: countLayers(config), below, present: claimedLayers(config).length };
  return layerBudget(settings.layerBudget, counts, target.blobs !== "never");
}

function readSizes(planning: Planning, taken: readonly TakenImage[]): Promise<ReadonlyMap<string, number>> {
  const { bridge } = planning.context;
  const steps = [...planning.steps, ...taken.flatMap((one) => one.steps)];
  return withReasons(bridge, steps, () => readLayerSizes(bridge, taken));
}

/**
 * Only the stage's container manager knows which store it has. So the stock step runs now, and its answer gives the
 * outer layers of blobs.
 */
async function askForBlobs(planned: PlannedCut, { layers, catalog, step }: Stocked): Promise<BlobLayer[]> {
  const { planning, plan, budget } = planned;
  const { bridge } = planning.context;
  const steps = [...planning.steps, ...planned.steps, step];
  const { blobs } = await withReasons(bridge, steps, async () => {
    // All outputs at once: `--cache-from` may not find an output that is requested later (see larder-image.ts).
    const [text] = await Promise.all([
      readOutput(bridge, catalog, `/${stockAnswer}`, "the stock step left no answer"),
      ...layers.map((layer) => evaluateOutput(bridge, layer)),
    ]);
    return JSON.parse(text.toString("utf8")) as StockAnswer;
  });
  return planBlobLayers(blobs, plan.images, blobBudget(budget, plan.outerLayers.length));
}
