/** One cut: from what stands above a PRELOAD to what the stage builds FROM below it. */
import { type StockAnswer, stockAnswer } from "../../agent/job.js";
import { type Cut, type KeptInstruction, keptInstructions } from "../../dockerfile/cut.js";
import { laterLayers } from "../../dockerfile/later-layers.js";
import { LarderError, type Lines } from "../../error.js";
import { ignoresCache, proxyEnvironment, sourceDateEpoch } from "../../gateway/options.js";
import { countLayers, type ImageConfig, labelsOf, withLabels } from "../../image/config.js";
import { marshal } from "../../llb/marshal.js";
import type { Output } from "../../llb/state.js";
import { checkLabel, formatLabel, preloadLabel } from "../../shelf/label.js";
import type { StockRequest } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import type { Directive } from "../directive/directive.js";
import { readLayerSizes } from "../images/layer-sizes.js";
import { platformOf } from "../images/pack-image.js";
import { claimedLayers, planHistory } from "../plan/history.js";
import { blobBudget, findCrowding, type LayerBudget, layerBudget } from "../plan/layer-limit.js";
import {
  type BlobLayer,
  groupLayers,
  newLayers,
  type PlannedImage,
  type PreloadPlan,
  planBlobLayers,
  planOuterLayers,
} from "../plan/plan.js";
import { isMultiPlatform } from "../platforms.js";
import { evaluate } from "../result.js";
import type { StepContext } from "../steps/agent-step.js";
import { assemble, type Stocked, shelveBlobs, stockImages } from "../steps/steps.js";
import type { Head } from "./head.js";
import { ancestorsOf, type PreloadedCut } from "./preloaded-cut.js";
import { readDirective } from "./read-directive.js";
import { takeImages } from "./take-images.js";

export async function preloadCut(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
): Promise<PreloadedCut> {
  const { head, directive } = await readDirective(context, request, cut, done);
  const { config } = head.answer;
  const lines = context.firing?.stage.from.lines ?? directive.lines;
  checkLabel(config, lines);
  const platform = directive.platform ?? platformOf(config);
  const step: StepContext = {
    larder: context.larder,
    steps: context.steps,
    ignoreCache: ignoresCache(context.options, cut.stage.name),
    proxies: proxyEnvironment(context.options),
    platform: isMultiPlatform(request) ? platform : undefined,
    security: context.settings.security(),
    lines,
  };
  const taken = await takeImages(context, request, step, { stage: cut.stage, directive, platform, done });
  const layouts = taken.flatMap(({ layout }) => layout ?? []);
  const images = taken.map(({ image }) => image);
  const budget = budgetAt(context, cut, directive, config);
  const plan = await planCut(context, { ...cut, lines }, directive, { config, budget, images, layouts });
  const stocked = stockImages(step, plan, {
    stage: head.state,
    env: config.config?.Env ?? [],
    layouts,
  });
  const blobLayers = context.settings.plansOnly ? [] : await askForBlobs(context, plan, budget, stocked);
  const crowding = findCrowding(budget, plan.outerLayers, blobLayers.length);
  if (crowding) await context.warn({ ...crowding, lines });
  const blobs = shelveBlobs(step, plan, layouts, blobLayers);
  return {
    context: cut.context,
    stage: cut.stage,
    lines: { start: cut.stage.from.lines.start, end: cut.preload.lines.end },
    plans: [plan],
    state: assemble(step, plan, head.state, [...stocked.layers, ...blobs, stocked.catalog]),
    config: preloadedConfig(context, config, plan, blobLayers),
    kept: keptAt(context, request, cut, done, head),
    count: head.count,
  };
}

/** The instructions above a cut that act on what comes below it. */
export function keptAt(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
  { answer: { variables, config } }: Pick<Head, "answer">,
): KeptInstruction[] {
  return keptInstructions({
    dockerfile: context.dockerfile,
    ancestors: ancestorsOf(context, cut.stage, done),
    cut,
    variables,
    config,
    buildArgument: (name) => request.options[`build-arg:${name}`],
  });
}

/**
 * Which store the stage's container manager has, only the manager knows: so the stock step runs now, and the outer
 * layers of blobs follow from what it found.
 */
async function askForBlobs(
  { bridge }: BuildContext,
  plan: PreloadPlan,
  budget: LayerBudget,
  { layers, catalog }: Stocked,
): Promise<BlobLayer[]> {
  const solve = (output: Output) => bridge.solve({ Definition: marshal(output) });
  const readAnswer = async (): Promise<StockAnswer> => {
    const { result } = await solve(catalog);
    if (result?.$case !== "ref")
      throw new LarderError("the stock step left no answer", { lines: plan.lines });
    const text = await bridge.readFile(result.value.id, `/${stockAnswer}`);
    return JSON.parse(text.toString("utf8")) as StockAnswer;
  };
  // All outputs at once: `--cache-from` may not find what is asked for later (see larder-image.ts).
  const others = layers.map(async (layer) => evaluate(bridge, await solve(layer)));
  const [{ blobs }] = await Promise.all([readAnswer(), ...others]);
  return planBlobLayers(blobs, plan.images, blobBudget(budget, plan.outerLayers.length));
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

async function planCut(
  { bridge, settings }: BuildContext,
  { stage, context, lines }: Cut & { lines: Lines },
  { target }: Directive,
  {
    config,
    budget,
    images,
    layouts,
  }: {
    config: ImageConfig;
    budget: LayerBudget;
    images: readonly PlannedImage[];
    layouts: readonly Output[];
  },
): Promise<PreloadPlan> {
  const layers = newLayers(images, new Set(claimedLayers(config).flat()));
  const isPast = layers.length > budget.files;
  const sizes = isPast ? await readLayerSizes(bridge, images, layouts) : new Map<string, number>();
  return {
    lines,
    stage: stage.name ?? `stage-${stage.index}`,
    context,
    security: settings.security(),
    target,
    assembly: settings.assembly,
    images,
    outerLayers: planOuterLayers(groupLayers(layers, sizes, budget.files), images),
  };
}

/**
 * The image at the cut. ONBUILD triggers of the stage itself must not fire where the stage goes on: they
 * are kept instructions of the part below.
 */
function preloadedConfig(
  { options }: BuildContext,
  config: ImageConfig,
  plan: PreloadPlan,
  blobLayers: readonly BlobLayer[],
): ImageConfig {
  const { OnBuild: _, ...container } = config.config ?? {};
  const layers =
    claimedLayers(config).flat().length + plan.outerLayers.flatMap(({ diffIds }) => diffIds).length;
  const labels = { ...labelsOf(config), [preloadLabel]: formatLabel(layers) };
  const epoch = sourceDateEpoch(options);
  // Where there is none, it is for the exporter to say.
  const created = epoch === undefined ? {} : { created: new Date(epoch * 1000).toISOString() };
  const own = planHistory(plan, blobLayers).map((entry) => ({ ...entry, ...created }));
  const history = [...(config.history ?? []), ...own];
  return withLabels({ ...config, config: container, history }, labels);
}
