import { mount, type PackJob } from "../../agent/job.js";
import { encodeConfig, type ImageConfig } from "../../image/config.js";
import type { Mount } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import type { Output } from "../../llb/state.js";
import { packStepName } from "../plan/images.js";
import { nameImage } from "../plan/plan.js";
import { agentStep, ownTree, type Step, type StepContext, stepName } from "./agent-step.js";

interface PackInputs {
  /** The image's name in the output of the build. */
  readonly name: string;
  readonly config: ImageConfig;
  readonly trees: readonly Output[];
  readonly baseLayout: Output | undefined;
}

/** file systems, one after each layer -> layout */
export function packTrees(
  context: StepContext,
  task: Omit<PackJob, "kind" | "trees">,
  { name, config, trees, baseLayout }: PackInputs,
): { layout: Output; step: Step } {
  const configFile = files(stepName(context, "[larder] write image config"), [
    { path: mount.configFile.slice(mount.config.length), data: encodeConfig(config) },
  ]);
  const { outputAt, step } = agentStep(
    context,
    { kind: "pack", ...task, trees: trees.length },
    {
      name: packStepName(name),
      subject: nameImage(name),
      images: [],
      network: "none",
      mounts: [
        ...(baseLayout ? [{ kind: "readonly", dest: mount.input(0), from: baseLayout } as const] : []),
        ...trees.map((tree, i): Mount => {
          const from = ownTree(context, `tree ${i + 1}/${trees.length}`, tree);
          return { kind: "readonly", dest: mount.packTree(i), from };
        }),
        { kind: "readonly", dest: mount.config, from: configFile },
        { kind: "output", dest: mount.layout, from: undefined },
      ],
    },
  );
  return { layout: outputAt(mount.layout), step };
}
