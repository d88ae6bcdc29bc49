/** The build steps of a plan as LLB. Which step a failed vertex was is kept for the error's sake. */
import { type FetchJob, home, type Job, jobVariable, mount, type StockJob } from "../agent/job.js";
import type { InnerImage } from "../image/inner-image.js";
import { type ExecOptions, exec, type Mount } from "../llb/exec.js";
import { merge } from "../llb/merge.js";
import type { Output } from "../llb/state.js";
import { type BlobLayer, type PlannedImage, type PreloadPlan, shelveStep, stockStep } from "./plan.js";

/** The secret with registry credentials: `--secret id=larder-auth,src=$HOME/.docker/config.json`. */
const authSecret = "larder-auth";

export interface Step {
  /** What the step was asked for, as it stands in its environment: a failed step is known by it. */
  readonly job: string;
  readonly plan: PreloadPlan;
  /** Absent where the step is about all images of the PRELOAD. */
  readonly image?: PlannedImage;
  /** Where a failing step leaves its sentence. */
  readonly report: string;
}

export interface StepContext {
  /** The frontend image: it brings node, tar, skopeo and the agent. */
  readonly larder: Output;
  readonly ignoreCache: boolean;
  readonly steps: Step[];
}

/** image -> OCI layout */
export function fetchStep(context: StepContext, plan: PreloadPlan, image: PlannedImage): Output {
  const fetch: FetchJob = { kind: "fetch", image: innerImage(image), insecure: image.insecure };
  const { job, outputs } = agentStep(context, fetch, {
    name: image.step,
    network: image.network,
    insecure: false,
    mounts: [
      { kind: "output", dest: mount.layout, from: undefined },
      { kind: "secret", dest: mount.auth, id: authSecret },
    ],
  });
  context.steps.push({ job, plan, image, report: mount.layout });
  return outputAt(outputs, mount.layout);
}

export interface Stocked {
  /** In the order of the plan's outer layers. */
  readonly layers: readonly Output[];
  readonly catalog: Output;
  /** A file with what only the daemon could tell. */
  readonly answer: Output;
}

/** OCI layouts -> outer layers, with the daemon of the stage */
export function stockImages(
  context: StepContext,
  plan: PreloadPlan,
  { stage, env, layouts }: { stage: Output; env: readonly string[]; layouts: readonly Output[] },
): Stocked {
  const layers = plan.outerLayers.map(({ diffIds }) => diffIds);
  const stock: StockJob = { kind: "stock", images: plan.images.map(innerImage), layers, env, ...plan.target };
  const layerMounts = layers.map(
    (_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined }),
  );
  const { job, outputs } = agentStep(context, stock, {
    name: stockStep(plan),
    network: "none",
    insecure: plan.security === "insecure",
    mounts: [
      { kind: "temporary", dest: mount.stage, from: stage },
      ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
      { kind: "output", dest: mount.work, from: undefined },
      { kind: "output", dest: mount.catalog, from: undefined },
      { kind: "output", dest: mount.answer, from: undefined },
      ...layerMounts,
    ],
  });
  context.steps.push({ job, plan, report: mount.catalog });
  return {
    layers: layers.map((_, k) => outputAt(outputs, mount.layer(k))),
    catalog: outputAt(outputs, mount.catalog),
    answer: outputAt(outputs, mount.answer),
  };
}

/** OCI layouts -> outer layers with blobs, each named by its digest */
export function shelveBlobs(
  context: StepContext,
  plan: PreloadPlan,
  layouts: readonly Output[],
  blobLayers: readonly BlobLayer[],
): Output[] {
  if (blobLayers.length === 0) return [];
  const layers = blobLayers.map(({ blobs }) => blobs.map(({ digest, image }) => ({ digest, image })));
  const { job, outputs } = agentStep(
    context,
    { kind: "shelve", layers },
    {
      name: shelveStep(blobLayers),
      network: "none",
      insecure: false,
      mounts: [
        ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
        ...layers.map((_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined })),
      ],
    },
  );
  context.steps.push({ job, plan, report: mount.layer(0) });
  return layers.map((_, k) => outputAt(outputs, mount.layer(k)));
}

/** stage + outer layers -> stage */
export function assemble(
  context: StepContext,
  plan: PreloadPlan,
  stage: Output,
  parts: readonly Output[],
): Output {
  if (plan.assembly === "merge") return merge("[larder] merge layers", [stage, ...parts]) ?? stage;
  return parts.reduce(
    (below, tree, index) => placeStep(context, plan, below, tree, `${index + 1}/${parts.length}`),
    stage,
  );
}

/** Without MergeOp: one more layer on the stage, with the entries of `tree`. */
function placeStep(
  context: StepContext,
  plan: PreloadPlan,
  below: Output,
  tree: Output,
  position: string,
): Output {
  const { job, outputs } = agentStep(
    context,
    { kind: "place" },
    {
      name: `[larder] place layer ${position}`,
      network: "none",
      insecure: false,
      mounts: [
        { kind: "output", dest: mount.stage, from: below },
        { kind: "readonly", dest: mount.tree, from: tree },
      ],
    },
  );
  context.steps.push({ job, plan, report: mount.stage });
  return outputAt(outputs, mount.stage);
}

function agentStep(
  { larder, ignoreCache }: StepContext,
  task: Job,
  options: Pick<ExecOptions, "name" | "network" | "insecure" | "mounts">,
): { job: string; outputs: ReadonlyMap<string, Output> } {
  const job = `${jobVariable}=${JSON.stringify(task)}`;
  const outputs = exec({
    ...options,
    args: ["node", `${home}/agent.mjs`],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", job],
    // The root is an output although nobody wants it: runc cannot make mount points in a read-only one.
    mounts: [{ kind: "output", dest: "/", from: larder }, ...options.mounts],
    ignoreCache,
  });
  return { job, outputs };
}

/** Only what the job is about: the rest of a planned image must not be in the cache key. */
function innerImage({ reference, platform, imageId, diffIds }: InnerImage): InnerImage {
  return { reference, platform, imageId, diffIds };
}

function outputAt(outputs: ReadonlyMap<string, Output>, dest: string): Output {
  const found = outputs.get(dest);
  if (!found) throw new Error(`unreachable: no output at ${dest}`);
  return found;
}
