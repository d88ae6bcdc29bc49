/** The second half of a cut: the plan becomes the image that the stage builds FROM below it. */
import { type StockAnswer, stockAnswer } from "../../agent/job.js";
import { sourceDateEpoch } from "../../gateway/options.js";
import { placed } from "../directive/fault.js";
import { preloadedConfig } from "../plan/config.js";
import { blobBudget, findCrowding } from "../plan/layer-limit.js";
import { planBlobLayers } from "../plan/layers.js";
import type { BlobLayer } from "../plan/plan.js";
import { evaluateOutput, readOutput } from "../result.js";
import { assemble } from "../steps/assemble.js";
import { withReasons } from "../steps/failure.js";
import { shelveBlobs } from "../steps/shelve.js";
import { type Stocked, stockImages } from "../steps/stock.js";
import { type PlannedCut, placeOf, planLayers } from "./plan-cut.js";
import type { Planning } from "./planning.js";
import type { PreloadedCut } from "./preloaded-cut.js";
import { takeImages } from "./take-images.js";

/**
 * Runs the stock step, and makes LLB of the plan.
 * @param planning with the cuts above, stocked.
 * @throws LarderError with the PRELOAD's place.
 */
export async function stockCut(planning: Planning, planned: PlannedCut): Promise<PreloadedCut> {
  const { context } = planning;
  return placed(placeOf(planning, planned.cut), async () => {
    const current = await completePlan(planning, planned);
    const stocked = stockOf(current);
    const blobLayers = await askForBlobs(planning, current, stocked);
    const { plan, budget } = current;
    const crowding = findCrowding(budget, plan.outerLayers, blobLayers.length);
    if (crowding) await context.warn({ ...crowding, lines: plan.lines });
    return assembleCut(planning, current, stocked, blobLayers);
  });
}

/**
 * The same as LLB for which nothing has run: it lacks layers of blobs, and packed images are not known. The other cuts can
 * be planned with it.
 */
export function draftCut(planning: Planning, planned: PlannedCut): PreloadedCut {
  return assembleCut(planning, planned, stockOf(planned), []);
}

/** The plan on top of the cuts above as they are now, and with images that a step packs. */
async function completePlan(planning: Planning, planned: PlannedCut): Promise<PlannedCut> {
  const { cut, directive, platform, step } = planned;
  const isPending = planned.taken.some(({ layout }) => layout === undefined);
  if (planning.done.length === 0 && !isPending) return planned;
  const head = planning.done.length === 0 ? planned.head : await planning.head(cut, []);
  const wanted = { planning, stage: cut.stage, directive, platform, step, runs: true };
  const taken = isPending ? await takeImages(wanted) : planned.taken;
  const current = { cut, directive, platform, step, head, taken };
  return { ...current, ...(await planLayers(planning, current)) };
}

function stockOf({ head, step, plan, taken }: PlannedCut): Stocked {
  const env = head.answer.config.config?.Env ?? [];
  return stockImages(step, plan, { stage: head.state, env, layouts: layoutsOf(taken) });
}

function layoutsOf(taken: PlannedCut["taken"]) {
  return taken.flatMap(({ layout }) => layout ?? []);
}

/**
 * Which store the stage's container manager has, only the manager knows: so the stock step runs now, and the outer
 * layers of blobs follow from its answer.
 */
async function askForBlobs(
  planning: Planning,
  { plan, budget, taken }: PlannedCut,
  { layers, catalog, step }: Stocked,
): Promise<BlobLayer[]> {
  const { bridge } = planning.context;
  const steps = [...planning.steps, ...taken.flatMap((one) => one.steps), step];
  const { blobs } = await withReasons(bridge, steps, async () => {
    // All outputs at once: `--cache-from` may not find what is asked for later (see larder-image.ts).
    const [text] = await Promise.all([
      readOutput(bridge, catalog, `/${stockAnswer}`, "the stock step left no answer"),
      ...layers.map((layer) => evaluateOutput(bridge, layer)),
    ]);
    return JSON.parse(text.toString("utf8")) as StockAnswer;
  });
  return planBlobLayers(blobs, plan.images, blobBudget(budget, plan.outerLayers.length));
}

function assembleCut(
  planning: Planning,
  { cut, head, step, plan, taken }: PlannedCut,
  stocked: Stocked,
  blobLayers: readonly BlobLayer[],
): PreloadedCut {
  const { config } = head.answer;
  const blobs = shelveBlobs(step, plan, layoutsOf(taken), blobLayers);
  const parts = [...stocked.layers, ...blobs.layers, stocked.catalog];
  const assembled = assemble(step, plan, head.state, parts);
  const fetched = [...new Set(taken.flatMap((one) => one.steps))];
  return {
    context: cut.context,
    stage: cut.stage,
    lines: { start: cut.stage.from.lines.start, end: cut.preload.lines.end },
    plans: [plan],
    state: assembled.state,
    steps: [...fetched, stocked.step, ...blobs.steps, ...assembled.steps],
    config: preloadedConfig(config, plan, blobLayers, sourceDateEpoch(planning.context.options)),
    kept: planning.kept(cut, head),
    count: head.count,
  };
}
