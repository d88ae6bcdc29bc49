import { type LayerBlob, mount, type UnpackJob } from "../../agent/job.js";
import type { Mount } from "../../llb/exec.js";
import type { Output } from "../../llb/state.js";
import { unpackStepName } from "../plan/layers.js";
import type { PlannedImage } from "../plan/plan.js";
import {
  aboutImages,
  agentStep,
  type BlobFile,
  blobMount,
  ownTree,
  type Step,
  type StepContext,
} from "./agent-step.js";

/** An inner layer that is to be unpacked. */
export interface PackedLayer {
  readonly blob: LayerBlob;
  /** Absent for a layer that is taken from the stage's shelf. */
  readonly file: BlobFile | undefined;
}

export interface UnpackedLayers {
  /** An outer layer with their files. */
  readonly layer: Output;
  /** The facts that catalogs need of them. */
  readonly record: Output;
  readonly step: Step;
}

/**
 * blobs -> an outer layer and its record. Nothing but the layers is in the cache key, so all images and Dockerfiles of a
 * builder share the step.
 * @param images those that have any of the layers, for errors.
 * @param stage The shelf of layers without a blob. It is in the cache key then.
 */
export function unpackLayers(
  context: StepContext,
  layers: readonly PackedLayer[],
  images: readonly PlannedImage[],
  stage: Output,
): UnpackedLayers {
  const job: UnpackJob = { kind: "unpack", layers: layers.map(({ blob }) => blob) };
  const needsStage = layers.some(({ file }) => file === undefined);
  const { outputAt, step } = agentStep({ ...context, platform: undefined }, job, {
    name: unpackStepName(
      layers.map(({ blob }) => blob.diffId),
      images,
    ),
    ...aboutImages(images),
    network: "none",
    mounts: [
      ...(needsStage
        ? [{ kind: "readonly", dest: mount.stageCopy, from: ownTree(context, "stage", stage) } as const]
        : []),
      ...layers.flatMap(({ file }, i): Mount[] => (file ? [blobMount(file, mount.blob(i))] : [])),
      { kind: "output", dest: mount.layer(0), from: undefined },
      { kind: "output", dest: mount.record, from: undefined },
    ],
  });
  const blobs = layers.flatMap(({ blob, file }) => (file ? [blob.digest] : []));
  return { layer: outputAt(mount.layer(0)), record: outputAt(mount.record), step: { ...step, blobs } };
}
