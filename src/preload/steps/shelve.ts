import { mount } from "../../agent/job.js";
import type { Mount } from "../../llb/exec.js";
import type { Output } from "../../llb/state.js";
import { shelveStepName } from "../plan/layers.js";
import type { BlobLayer, PreloadPlan } from "../plan/plan.js";
import { aboutImages, agentStep, type Step, type StepContext } from "./agent-step.js";

/** layouts -> outer layers with blobs, each file named by its digest */
export function shelveBlobs(
  context: StepContext,
  { images }: PreloadPlan,
  layouts: readonly Output[],
  blobLayers: readonly BlobLayer[],
): { layers: readonly Output[]; steps: readonly Step[] } {
  if (blobLayers.length === 0) return { layers: [], steps: [] };
  const layers = blobLayers.map(({ blobs }) => blobs.map(({ digest, image }) => ({ digest, image })));
  const { outputAt, step } = agentStep(
    context,
    { kind: "shelve", layers },
    {
      name: shelveStepName(blobLayers),
      ...aboutImages(images),
      network: "none",
      mounts: [
        ...layouts.map((from, i): Mount => ({ kind: "readonly", dest: mount.input(i), from })),
        ...layers.map((_, k): Mount => ({ kind: "output", dest: mount.layer(k), from: undefined })),
      ],
    },
  );
  return { layers: layers.map((_, k) => outputAt(mount.layer(k))), steps: [step] };
}
