import { mount, type NeededBlob } from "../../agent/job.js";
import type { Mount } from "../../llb/exec.js";
import type { Output } from "../../llb/state.js";
import { shelveStepName } from "../plan/layers.js";
import type { BlobLayer, PreloadPlan } from "../plan/plan.js";
import {
  aboutImages,
  agentStep,
  type BlobFile,
  blobMount,
  type Step,
  type StepContext,
} from "./agent-step.js";

/**
 * blobs -> outer layers with blobs, each file named by its digest. Like the unpack step, a step depends on its blobs
 * alone.
 */
export function shelveBlobs(
  context: StepContext,
  { images }: PreloadPlan,
  blobLayers: readonly BlobLayer[],
  fileOf: (blob: NeededBlob) => BlobFile,
): { layers: readonly Output[]; steps: readonly Step[] } {
  const shelved = blobLayers.map((layer) => {
    const { blobs } = layer;
    const digests = blobs.map(({ digest }) => digest);
    const { outputAt, step } = agentStep(
      { ...context, platform: undefined },
      { kind: "shelve", blobs: digests },
      {
        name: shelveStepName(layer, images),
        ...aboutImages(images.filter((_, index) => blobs.some(({ image }) => image === index))),
        network: "none",
        mounts: [
          ...blobs.map((blob, i): Mount => blobMount(fileOf(blob), mount.blob(i))),
          { kind: "output", dest: mount.layer(0), from: undefined },
        ],
      },
    );
    return { layer: outputAt(mount.layer(0)), step: { ...step, blobs: digests } };
  });
  return { layers: shelved.map(({ layer }) => layer), steps: shelved.map(({ step }) => step) };
}
