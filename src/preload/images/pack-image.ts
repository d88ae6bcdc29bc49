/** `PRELOAD --from=`: a stage or a context becomes an image, in a step that runs while the build is planned. */
import { type PackAnswer, packAnswer } from "../../agent/job.js";
import { sourceDateEpoch } from "../../gateway/options.js";
import { platformOf } from "../../image/config.js";
import type { InnerImage } from "../../image/inner-image.js";
import type { Platform } from "../../image/platform.js";
import { onMirror, parseReference, type Reference } from "../../image/reference.js";
import { layerChain } from "../../llb/layer-chain.js";
import type { Output } from "../../llb/state.js";
import type { BuildContext } from "../build-context.js";
import { planFetched } from "../plan/images.js";
import { nameOf } from "../plan/plan.js";
import { readOutput } from "../result.js";
import type { Step, StepContext } from "../steps/agent-step.js";
import { withReasons } from "../steps/failure.js";
import { packTrees } from "../steps/pack.js";
import type { BaseImage } from "./base-image.js";
import { asLayout, type ImageSource } from "./image-source.js";
import { resolveImage } from "./resolve.js";
import { settle, takeRegistryImage } from "./settled.js";

export interface PackedImage {
  readonly image: InnerImage;
  /** Absent where nothing has run. */
  readonly source: ImageSource | undefined;
  readonly steps: readonly Step[];
}

/**
 * @param reference the image's new name.
 * @param earlier The steps of PRELOADs that the stage may build on.
 */
export async function packImage(
  context: BuildContext,
  step: StepContext,
  { states, config }: BaseImage,
  reference: Reference,
  earlier: readonly Step[],
): Promise<PackedImage> {
  const platform = platformOf(config);
  const { bridge, options } = context;
  const [only] = states;
  const chain = states.length === 1 && only ? layerChain(only) : { states };
  const base = chain.image && (await fetchBase(context, step, chain.image, platform));
  const created = sourceDateEpoch(options);
  const packed = packTrees(
    step,
    { reference, platform, ...(base && { base: base.image }), ...(created !== undefined && { created }) },
    { name: nameOf(reference), config, trees: chain.states, baseLayout: base?.layout },
  );
  const steps = [...(base?.steps ?? []), packed.step];
  const { image } = await withReasons(bridge, [...earlier, ...steps], async () => {
    const text = await readOutput(bridge, packed.layout, `/${packAnswer}`, "the pack step left no answer");
    return JSON.parse(text.toString("utf8")) as PackAnswer;
  });
  return { image, source: { kind: "layout", layout: packed.layout }, steps };
}

/**
 * The lowest image keeps its layers as in its registry, so that other images with the same base share them. If no
 * registry has it under this digest, it becomes a layer like the others.
 */
async function fetchBase(
  { bridge, settings }: BuildContext,
  step: StepContext,
  { identifier }: { identifier: string },
  platform: Platform,
): Promise<{ image: InnerImage; layout: Output; steps: readonly Step[] } | undefined> {
  const text = identifier.slice("docker-image://".length);
  const reference = parseReference(text);
  if (!reference.digest) return undefined;
  const { lines } = step;
  const image = await resolveImage(bridge, { text, reference, lines }, platform).catch(() => undefined);
  if (!image) return undefined;
  const planned = planFetched(image, reference, undefined, settings.insecureRegistries, { lines });
  const taken = takeRegistryImage(settings, step, planned, image, `FROM ${onMirror(reference)}`);
  // The pack step runs a fetch step, too, so a layout need not be read now.
  if (taken.source?.kind === "layout") return { image, layout: taken.source.layout, steps: taken.steps };
  const settled = await settle(bridge, taken, []);
  if (!settled) throw new Error(`unreachable: "${planned.name}" has no source`);
  const { source, documents } = settled;
  return { image, layout: asLayout(planned.name, image, source, documents), steps: taken.steps };
}

/** For a plan alone: only the stage's build can tell its image. */
export function unknownImage(reference: Reference, { config }: BaseImage): PackedImage {
  const platform = platformOf(config);
  const image = { reference: { ...reference, digest: "" }, platform, imageId: "", diffIds: [] };
  return { image, source: undefined, steps: [] };
}
