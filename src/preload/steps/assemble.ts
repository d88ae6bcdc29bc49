import { archiveFile, mount } from "../../agent/job.js";
import { unpack } from "../../llb/copy.js";
import type { Mount } from "../../llb/exec.js";
import { merge } from "../../llb/merge.js";
import type { Output } from "../../llb/state.js";
import type { PreloadPlan } from "../plan/plan.js";
import { aboutImages, agentStep, type Step, type StepContext, stepName } from "./agent-step.js";

interface Assembled {
  readonly state: Output;
  readonly steps: readonly Step[];
}

/** stage + outer layers -> stage */
export function assemble(
  context: StepContext,
  plan: PreloadPlan,
  stage: Output,
  parts: readonly Output[],
): Assembled {
  if (plan.assembly === "merge") {
    const merged = merge(stepName(context, "[larder] merge layers"), [stage, ...parts]);
    return { state: merged ?? stage, steps: [] };
  }
  const name = (index: number): string => `[larder] place layer ${index + 1}/${parts.length}`;
  if (context.security !== "sysbox") return placeParts(context, plan, stage, parts, name);
  const { archives, step } = archiveTrees(context, plan, parts);
  const unpackOn = (below: Output, from: Output, index: number): Output =>
    unpack(stepName(context, name(index)), from, `/${archiveFile}`, below);
  return { state: archives.reduce(unpackOn, stage), steps: [step] };
}

/** Without MergeOp: each part becomes one more layer on the stage, with exactly its entries. */
function placeParts(
  context: StepContext,
  { images }: PreloadPlan,
  stage: Output,
  parts: readonly Output[],
  name: (index: number) => string,
): Assembled {
  const steps: Step[] = [];
  let state = stage;
  for (const [index, tree] of parts.entries()) {
    const placed = agentStep(
      context,
      { kind: "place" },
      {
        name: name(index),
        ...aboutImages(images),
        network: "none",
        mounts: [
          { kind: "output", dest: mount.stage, from: state },
          { kind: "readonly", dest: mount.tree, from: tree },
        ],
      },
    );
    state = placed.outputAt(mount.stage);
    steps.push(placed.step);
  }
  return { state, steps };
}

/**
 * Outer layers -> archives. Under sysbox-runc, no step may write to a stage, since its files belong to nobody there.
 */
function archiveTrees(
  context: StepContext,
  { images }: PreloadPlan,
  trees: readonly Output[],
): { archives: Output[]; step: Step } {
  const { outputAt, step } = agentStep(
    context,
    { kind: "archive", trees: trees.length },
    {
      name: "[larder] archive layers for sysbox-runc",
      ...aboutImages(images),
      network: "none",
      mounts: [
        ...trees.map((from, i): Mount => ({ kind: "readonly", dest: mount.packTree(i), from })),
        ...trees.map((_, i): Mount => ({ kind: "output", dest: mount.layer(i), from: undefined })),
      ],
    },
  );
  return { archives: trees.map((_, i) => outputAt(mount.layer(i))), step };
}
