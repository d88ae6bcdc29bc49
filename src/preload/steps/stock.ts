import { daemonEnvironment, mount, type StockJob } from "../../agent/job.js";
import { plainInnerImage } from "../../image/inner-image.js";
import type { Mount } from "../../llb/exec.js";
import type { Output } from "../../llb/state.js";
import { stockStepName } from "../plan/layers.js";
import type { PreloadPlan } from "../plan/plan.js";
import { aboutImages, agentStep, ownTree, type Step, type StepContext } from "./agent-step.js";

export interface StockInputs {
  readonly stage: Output;
  /** The stage's environment (`NAME=value`). */
  readonly env: readonly string[];
  /** One for each image. */
  readonly layouts: readonly Output[];
}

export interface Stocked {
  /** In the order of the plan's outer layers. */
  readonly layers: readonly Output[];
  readonly catalog: Output;
  readonly step: Step;
}

/** layouts -> outer layers, with the daemon of the stage */
export function stockImages(
  context: StepContext,
  plan: PreloadPlan,
  { stage, env, layouts }: StockInputs,
): Stocked {
  const layers = plan.outerLayers.map(({ diffIds }) => diffIds);
  const stock: StockJob = {
    kind: "stock",
    images: plan.images.map(plainInnerImage),
    layers,
    env: daemonEnvironment(env),
    ...(context.security === "sysbox" && { stage: "read-only" }),
    ...plan.target,
  };
  const layerMounts = layers.map(
    (_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined }),
  );
  const { outputAt, step } = agentStep(context, stock, {
    name: stockStepName(plan),
    ...aboutImages(plan.images),
    network: "none",
    insecure: plan.security === "insecure",
    mounts: [
      ...stageMounts(context, stage),
      ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
      { kind: "output", dest: mount.work, from: undefined },
      { kind: "output", dest: mount.catalog, from: undefined },
      ...layerMounts,
    ],
  });
  return { layers: layers.map((_, k) => outputAt(mount.layer(k))), catalog: outputAt(mount.catalog), step };
}

/** The stage of a stock step, in which its daemon runs. */
function stageMounts(context: StepContext, stage: Output): Mount[] {
  if (context.security !== "sysbox") return [{ kind: "temporary", dest: mount.stage, from: stage }];
  return [
    { kind: "readonly", dest: mount.stageCopy, from: ownTree(context, "stage", stage) },
    { kind: "output", dest: mount.stageChanges, from: undefined },
  ];
}
