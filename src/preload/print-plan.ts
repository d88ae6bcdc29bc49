import { stageName } from "../dockerfile/stages.js";
import type { Result } from "../gen/gateway.js";
import { formatPlatform } from "../image/platform.js";
import { formatReference, type Reference } from "../image/reference.js";
import { files } from "../llb/file.js";
import { marshal } from "../llb/marshal.js";
import type { BuildContext } from "./build-context.js";
import type { Planning } from "./cut/planning.js";
import type { PreloadedCut } from "./cut/preloaded-cut.js";
import { plannedSteps } from "./plan/layers.js";
import type { Origin, PreloadPlan } from "./plan/plan.js";

/** The result of `--build-arg LARDER_PLAN=1`: an image that holds only `plan.json`. */
export async function planResult({ context, done }: Planning): Promise<Result> {
  const data = Buffer.from(`${JSON.stringify(describe(context, done), null, 2)}\n`);
  const definition = marshal(files("[larder] write plan.json", [{ path: "/plan.json", data }]));
  return context.bridge.solve({ Definition: definition });
}

function describe({ dockerfile, bases, target }: BuildContext, cuts: readonly PreloadedCut[]): unknown {
  return {
    dockerfile: dockerfile.filename,
    target: stageName(target),
    stages: dockerfile.stages.map((stage) => ({
      name: stageName(stage),
      base: bases[stage.index],
      lines: stage.from.lines,
      cuts: cuts.filter((cut) => cut.stage.index === stage.index).map((cut) => cut.context),
    })),
    cuts: cuts.flatMap(({ plans, kept }) => plans.map((plan) => ({ ...describePlan(plan), kept }))),
  };
}

function describeOrigin(origin: Origin, { digest: _, ...name }: Reference) {
  if (origin.kind !== "registry") return { from: origin.name };
  const { network, insecure, reference } = origin;
  const { digest: __, ...source } = reference;
  const isRenamed = formatReference(source) !== formatReference(name);
  return { ...(isRenamed && { from: formatReference(source) }), network, insecure };
}

function describePlan(plan: PreloadPlan) {
  return {
    context: plan.context,
    stage: plan.stage,
    lines: plan.lines,
    via: plan.via,
    security: plan.security,
    assembly: plan.assembly,
    target: plan.target,
    images: plan.images.map((image) => ({
      name: image.name,
      digest: image.reference.digest,
      imageId: image.imageId,
      platform: formatPlatform(image.platform),
      ...describeOrigin(image.origin, image.reference),
      layers: image.diffIds.map((diffId) => ({
        diffId,
        // An inner layer without an outer layer is in the stage already.
        outerLayer: plan.outerLayers.findIndex(({ diffIds }) => diffIds.includes(diffId)),
      })),
    })),
    outerLayers: plan.outerLayers,
    steps: plannedSteps(plan),
  };
}
