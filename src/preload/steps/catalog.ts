import { type CatalogJob, daemonEnvironment, mount } from "../../agent/job.js";
import { type Digest, digestOf } from "../../image/digest.js";
import { plainInnerImage } from "../../image/inner-image.js";
import { blobPath } from "../../image/oci-layout.js";
import type { Mount } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import type { Output } from "../../llb/state.js";
import { catalogStepName } from "../plan/layers.js";
import type { PreloadPlan } from "../plan/plan.js";
import { aboutImages, agentStep, ownTree, type Step, type StepContext, stepName } from "./agent-step.js";

export interface CatalogInputs {
  readonly stage: Output;
  /** The stage's environment (`NAME=value`). */
  readonly env: readonly string[];
  /** Configs, manifests and indexes of the images. */
  readonly documents: readonly Buffer[];
  readonly records: readonly {
    readonly diffIds: readonly string[];
    readonly record: Output;
    /** The layers' files, where the step needs them. */
    readonly layer?: Output;
    /** The stage's shelf claims to have these layers. */
    readonly isClaimed: boolean;
  }[];
}

/** documents + records -> the outer layer that describes the images to the stage's container manager */
export function describeImages(
  context: StepContext,
  plan: PreloadPlan,
  { stage, env, documents, records }: CatalogInputs,
): { catalog: Output; step: Step } {
  const job: CatalogJob = {
    kind: "catalog",
    images: plan.images.map(plainInnerImage),
    layers: records.map(({ diffIds }) => diffIds),
    claimed: records.flatMap(({ isClaimed }, k) => (isClaimed ? [k] : [])),
    env: daemonEnvironment(env),
    ...plan.target,
  };
  const byDigest = new Map<Digest, Buffer>(documents.map((data) => [digestOf(data), data]));
  const written = [...byDigest].map(([digest, data]) => ({ path: `/${blobPath(digest)}`, data }));
  const { outputAt, step } = agentStep(context, job, {
    name: catalogStepName(plan),
    ...aboutImages(plan.images),
    network: "none",
    mounts: [
      { kind: "readonly", dest: mount.stageCopy, from: ownTree(context, "stage", stage) },
      ...(written.length > 0
        ? [
            {
              kind: "readonly",
              dest: mount.documents,
              from: files(stepName(context, "[larder] write documents"), written),
            } as const,
          ]
        : []),
      ...records.flatMap(({ record, layer }, k): Mount[] => [
        { kind: "readonly", dest: mount.recordOf(k), from: record },
        ...(layer ? [{ kind: "readonly", dest: mount.layerOf(k), from: layer } as const] : []),
      ]),
      { kind: "output", dest: mount.work, from: undefined },
      { kind: "output", dest: mount.catalog, from: undefined },
    ],
  });
  return { catalog: outputAt(mount.catalog), step };
}
