/** The second half of a cut: the plan becomes the image that the stage builds FROM below it. */
import { type StoreAnswer, storeAnswer } from "../../agent/job.js";
import { sourceDateEpoch } from "../../gateway/options.js";
import { placed } from "../directive/fault.js";
import type { SettledImage } from "../images/settled.js";
import { preloadedConfig } from "../plan/config.js";
import { blobBudget, findCrowding } from "../plan/layer-limit.js";
import { planBlobLayers } from "../plan/layers.js";
import type { BlobLayer } from "../plan/plan.js";
import { findWithoutBlobs } from "../plan/without-blobs.js";
import { evaluateOutput, readOutput } from "../result.js";
import { assemble } from "../steps/assemble.js";
import { withReasons } from "../steps/failure.js";
import { shelveBlobs } from "../steps/shelve.js";
import {
  type CutLayers,
  draftLayers,
  layerFile,
  layersByDaemon,
  layersDirectly,
  settled,
} from "./cut-layers.js";
import { type PlannedCut, placeOf, planLayers } from "./plan-cut.js";
import type { Planning } from "./planning.js";
import type { PreloadedCut } from "./preloaded-cut.js";
import { takeImages } from "./take-images.js";

/**
 * Runs the steps that tell the store, and makes LLB of the plan.
 * @param planning with the cuts above, finished.
 * @throws LarderError with the PRELOAD's place.
 */
export async function finishCut(planning: Planning, planned: PlannedCut): Promise<PreloadedCut> {
  const { context } = planning;
  return placed(placeOf(planning, planned.cut), async () => {
    const current = await completePlan(planning, planned);
    const make = current.plan.via === "daemon" ? layersByDaemon : layersDirectly;
    const made = await make(planning, current);
    const answer = await askForAnswer(planning, current, made);
    const { plan, budget } = current;
    const blobLayers = planBlobLayers(answer.blobs, plan.images, blobBudget(budget, plan.outerLayers.length));
    const withoutBlobs = findWithoutBlobs(plan, answer);
    if (withoutBlobs) await context.warn(withoutBlobs);
    const crowding = findCrowding(budget, plan.outerLayers, blobLayers.length);
    if (crowding) await context.warn({ ...crowding, lines: plan.lines });
    return assembleCut(planning, current, made, blobLayers, await settled(planning, current));
  });
}

/**
 * The same as LLB for which nothing has run: it lacks layers of blobs, and packed images are not known. The other cuts can
 * be planned with it.
 */
export function draftCut(planning: Planning, planned: PlannedCut): PreloadedCut {
  return assembleCut(planning, planned, draftLayers(planned), [], []);
}

/** The plan on top of the cuts above as they are now, and with images that a step packs. */
async function completePlan(planning: Planning, planned: PlannedCut): Promise<PlannedCut> {
  const { cut, directive, platform, step } = planned;
  const isPending = planned.taken.some(({ source }) => source === undefined);
  if (planning.done.length === 0 && !isPending) return planned;
  const head = planning.done.length === 0 ? planned.head : await planning.head(cut, []);
  const wanted = { planning, stage: cut.stage, directive, platform, step, runs: true };
  const taken = isPending ? await takeImages(wanted) : planned.taken;
  const current = { cut, directive, platform, step, head, taken };
  return { ...current, ...(await planLayers(planning, current)) };
}

/**
 * Which store the stage's container manager has, only a step that sees the stage knows: so the catalog is made now, and
 * the outer layers of blobs follow from its answer.
 */
async function askForAnswer(
  planning: Planning,
  { taken }: PlannedCut,
  { layers, catalog, steps: own }: CutLayers,
): Promise<StoreAnswer> {
  const { bridge } = planning.context;
  const steps = [...planning.steps, ...taken.flatMap((one) => one.steps), ...own];
  return withReasons(bridge, steps, async () => {
    // All outputs at once: `--cache-from` may not find what is asked for later (see larder-image.ts).
    const [text] = await Promise.all([
      readOutput(bridge, catalog, `/${storeAnswer}`, "the step left no answer about its store"),
      ...layers.map((layer) => evaluateOutput(bridge, layer)),
    ]);
    return JSON.parse(text.toString("utf8")) as StoreAnswer;
  });
}

function assembleCut(
  planning: Planning,
  { cut, head, step, plan, taken }: PlannedCut,
  made: CutLayers,
  blobLayers: readonly BlobLayer[],
  settledImages: readonly SettledImage[],
): PreloadedCut {
  const { config } = head.answer;
  const blobs = shelveBlobs(step, plan, blobLayers, ({ image, digest, position }) => {
    const one = settledImages[image];
    if (!one) throw new Error(`unreachable: there is no image ${image}`);
    return layerFile(one, digest, position);
  });
  const parts = [...made.layers, ...blobs.layers, made.catalog];
  const assembled = assemble(step, plan, head.state, parts);
  const fetched = [...new Set(taken.flatMap((one) => one.steps))];
  return {
    context: cut.context,
    stage: cut.stage,
    lines: { start: cut.stage.from.lines.start, end: cut.preload.lines.end },
    plans: [plan],
    state: assembled.state,
    steps: [...fetched, ...made.steps, ...blobs.steps, ...assembled.steps],
    config: preloadedConfig(config, plan, blobLayers, sourceDateEpoch(planning.context.options)),
    kept: planning.kept(cut, head),
    count: head.count,
  };
}
