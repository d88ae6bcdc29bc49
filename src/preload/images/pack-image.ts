/** `PRELOAD --from=`: what is no image of a registry becomes one, in a step that runs while the build is planned. */
import { type PackAnswer, packAnswer } from "../../agent/job.js";
import { LarderError } from "../../error.js";
import { sourceDateEpoch } from "../../gateway/options.js";
import type { ImageConfig } from "../../image/config.js";
import type { InnerImage } from "../../image/inner-image.js";
import type { Platform } from "../../image/platform.js";
import { onMirror, parseReference, type Reference } from "../../image/reference.js";
import { layerChain } from "../../llb/layer-chain.js";
import { marshal } from "../../llb/marshal.js";
import type { Output } from "../../llb/state.js";
import type { BuildContext } from "../build-context.js";
import { nameOf, planFetched } from "../plan/plan.js";
import type { StepContext } from "../steps/agent-step.js";
import { fetchStep, packTrees } from "../steps/steps.js";
import type { BaseImage } from "./base-image.js";
import { resolveImage } from "./resolve.js";

export interface PackedImage {
  readonly image: InnerImage;
  /** Absent where nothing runs. */
  readonly layout: Output | undefined;
}

/** @param reference the name that it gets. */
export async function packImage(
  context: BuildContext,
  step: StepContext,
  { states, config }: BaseImage,
  reference: Reference,
): Promise<PackedImage> {
  const platform = platformOf(config);
  if (context.settings.plansOnly) return { image: unknownImage(reference, platform), layout: undefined };
  const [only] = states;
  const chain = states.length === 1 && only ? layerChain(only) : { states };
  const base = chain.image && (await fetchBase(context, step, chain.image, platform));
  const name = nameOf(reference);
  const created = sourceDateEpoch(context.options);
  const layout = packTrees(
    step,
    { reference, platform, ...(base && { base: base.image }), ...(created !== undefined && { created }) },
    { name, config, trees: chain.states, baseLayout: base?.layout },
  );
  const { result } = await context.bridge.solve({ Definition: marshal(layout) });
  if (result?.$case !== "ref") throw new LarderError("the pack step left no answer", { lines: step.lines });
  const text = await context.bridge.readFile(result.value.id, `/${packAnswer}`);
  return { image: (JSON.parse(text.toString("utf8")) as PackAnswer).image, layout };
}

export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os: os ?? "linux", architecture: architecture ?? "amd64", ...(variant && { variant }) };
}

/**
 * The image below all steps keeps its layers as its registry has them, so that others that build on it share
 * them. One that no registry has under this digest becomes a layer like the rest.
 */
async function fetchBase(
  { bridge, settings }: BuildContext,
  step: StepContext,
  { identifier }: { identifier: string },
  platform: Platform,
): Promise<{ image: InnerImage; layout: Output } | undefined> {
  const text = identifier.slice("docker-image://".length);
  const reference = parseReference(text);
  if (!reference.digest) return undefined;
  const { lines } = step;
  const image = await resolveImage(bridge, { text, reference, lines }, platform).catch(() => undefined);
  if (!image) return undefined;
  const planned = planFetched(image, reference, undefined, settings.insecureRegistries, { lines });
  return { image, layout: fetchStep(step, planned, `FROM ${onMirror(reference)}`) };
}

/** For a plan alone: what the stage comes to, only its build can tell. */
function unknownImage(reference: Reference, platform: Platform): InnerImage {
  return { reference: { ...reference, digest: "" }, platform, imageId: "", diffIds: [] };
}
