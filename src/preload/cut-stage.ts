/** One cut: from what stands above a PRELOAD to what the stage builds FROM below it. */
import { mount, type StockAnswer } from "../agent/job.js";
import { type Cut, keptInstructions } from "../dockerfile/cut.js";
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import { LarderError } from "../error.js";
import { ignoresCache } from "../gateway/options.js";
import { type ImageConfig, labelsOf, withLabels } from "../image/config.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import { extendLabel, preloadLabel, readLabel } from "./label.js";
import { readLayerSizes } from "./layer-sizes.js";
import {
  type BlobLayer,
  groupLayers,
  newLayers,
  type PreloadPlan,
  planBlobLayers,
  planHistory,
  planImage,
  planOuterLayers,
} from "./plan.js";
import { ancestorsOf, type PreloadedCut } from "./preloaded-cut.js";
import { isPlanOnly } from "./print-plan.js";
import { resolveImage } from "./resolve.js";
import { type Head, solveHead } from "./stage-head.js";
import { assemble, fetchStep, type StepContext, type Stocked, shelveBlobs, stockImages } from "./steps.js";

export async function preloadCut(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
): Promise<PreloadedCut> {
  const ancestors = ancestorsOf(context, cut.stage);
  const head = await solveHead(context, request, cut, ancestors, done);
  const step: StepContext = {
    larder: context.larder,
    steps: context.steps,
    ignoreCache: ignoresCache(context.options, cut.stage.name),
  };
  const { plan, layouts } = await planCut(context, cut, head, step);
  const stocked = stockImages(step, plan, {
    stage: head.state,
    env: head.answer.config.config?.Env ?? [],
    layouts,
  });
  const blobLayers = isPlanOnly(context.options) ? [] : await askForBlobs(context, plan, stocked);
  const blobs = shelveBlobs(step, plan, layouts, blobLayers);
  const { variables, config } = head.answer;
  return {
    ...cut,
    plan,
    state: assemble(step, plan, head.state, [...stocked.layers, ...blobs, stocked.catalog]),
    config: preloadedConfig(config, plan, blobLayers),
    kept: keptInstructions({
      dockerfile: context.dockerfile,
      ancestors,
      cut,
      variables,
      config,
      buildArgument: (name) => request.options[`build-arg:${name}`],
    }),
  };
}

/**
 * Which store the stage's container manager has, only the manager knows: so the stock step runs now, and the outer
 * layers of blobs follow from what it found.
 */
async function askForBlobs(
  { bridge, settings }: BuildContext,
  plan: PreloadPlan,
  { answer }: Stocked,
): Promise<BlobLayer[]> {
  const { result } = await bridge.solve({ Definition: marshal(answer) });
  if (result?.$case !== "ref") throw new LarderError("the stock step left no answer", { lines: plan.lines });
  const text = await bridge.readFile(result.value.id, mount.answerFile.slice(mount.answer.length));
  const { blobs } = JSON.parse(text.toString("utf8")) as StockAnswer;
  return planBlobLayers(blobs, plan.images, settings.layerBudget);
}

async function planCut(
  context: BuildContext,
  cut: Cut,
  { answer, directive }: Head,
  step: StepContext,
): Promise<{ plan: PreloadPlan; layouts: Output[] }> {
  const { config } = answer;
  const { settings, bridge } = context;
  const { lines } = directive;
  const platform = directive.platform ?? {
    os: config.os ?? "linux",
    architecture: config.architecture ?? "amd64",
    ...(config.variant && { variant: config.variant }),
  };
  const resolved = await Promise.all(directive.images.map((image) => resolveImage(bridge, image, platform)));
  const images = resolved.map((image) => planImage(image, directive.network, settings.insecureRegistries));
  const withoutLayers: PreloadPlan = {
    lines,
    stage: cut.stage.name ?? `stage-${cut.stage.index}`,
    context: cut.context,
    security: settings.security(),
    target: directive.target,
    assembly: settings.assembly,
    images,
    outerLayers: [],
  };
  const layouts = images.map((image) => fetchStep(step, withoutLayers, image));
  const present = new Set(readLabel(config).flatMap(({ layers }) => layers));
  const layers = newLayers(images, present);
  const budget = Math.max(settings.layerBudget - present.size, 1);
  const sizes =
    layers.length > budget ? await readLayerSizes(bridge, images, layouts) : new Map<string, number>();
  return {
    plan: { ...withoutLayers, outerLayers: planOuterLayers(groupLayers(layers, sizes, budget), images) },
    layouts,
  };
}

/**
 * The image at the cut. ONBUILD triggers of the stage itself must not fire where the stage goes on: they
 * are kept instructions of the part below.
 */
function preloadedConfig(
  config: ImageConfig,
  plan: PreloadPlan,
  blobLayers: readonly BlobLayer[],
): ImageConfig {
  const { OnBuild: _, ...container } = config.config ?? {};
  const labels = { ...labelsOf(config), [preloadLabel]: extendLabel(readLabel(config), plan.images) };
  const history = [...(config.history ?? []), ...planHistory(plan, blobLayers)];
  return withLabels({ ...config, config: container, history }, labels);
}
