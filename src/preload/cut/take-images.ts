/** From what a PRELOAD asks for to images with their blobs: of a registry, or with `--from=` of another origin. */
import { stageText } from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { copiedStage } from "../../dockerfile/stages.js";
import { LarderError } from "../../error.js";
import { isOnHost, replacesStage } from "../../gateway/options.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { parseReference } from "../../image/reference.js";
import type { Output } from "../../llb/state.js";
import { findNamedContext, type NamedContext } from "../../upstream/named-context.js";
import type { StockRequest } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import type { Directive, RequestedImage } from "../directive/directive.js";
import { type BaseImage, loadBaseImage } from "../images/base-image.js";
import { type ClientLayout, resolveLayout, takeLayout } from "../images/client-layout.js";
import { packImage, platformOf } from "../images/pack-image.js";
import { resolveImage } from "../images/resolve.js";
import { type Asked, type Origin, type PlannedImage, planFetched, planPacked } from "../plan/plan.js";
import type { StepContext } from "../steps/agent-step.js";
import { fetchStep } from "../steps/steps.js";
import { solveDraft } from "./draft.js";
import type { PreloadedCut } from "./preloaded-cut.js";

export interface TakenImage {
  readonly image: PlannedImage;
  /** An OCI layout; absent where nothing runs. */
  readonly layout: Output | undefined;
}

interface Wanted {
  readonly stage: Stage;
  readonly directive: Directive;
  readonly platform: Platform;
  readonly done: readonly PreloadedCut[];
}

export async function takeImages(
  context: BuildContext,
  request: StockRequest,
  step: StepContext,
  wanted: Wanted,
): Promise<TakenImage[]> {
  const { directive, platform, stage } = wanted;
  const { from, images, lines } = directive;
  if (from === undefined) {
    return Promise.all(images.map((image) => takeFetched(context, step, directive, image, image, platform)));
  }
  const above = replacesStage(context.options, from)
    ? undefined
    : copiedStage(context.dockerfile, stage, from);
  if (above) {
    const text = stageText(context.dockerfile, above, wanted.done);
    const { state, config } = await solveDraft(context, request, { text, done: wanted.done }, above);
    const built = state && { states: [state], config };
    return takePacked(context, step, wanted, built, { kind: "stage", name: from });
  }
  refuseStagesBelow(context, stage, from, directive);
  const named = findNamedContext(request, from, platform);
  if (named && named.kind !== "image") return takeContext(context, request, step, wanted, from, named);
  const text = named?.reference ?? from;
  const source = { text, reference: parseFrom(text, directive), lines };
  const taken = images.map((image) => takeFetched(context, step, directive, source, image, platform));
  return Promise.all(taken).catch((error: unknown) => {
    if (named) throw error;
    throw new LarderError(
      `${LarderError.from(error).message}; no stage above and no --build-context has this name either`,
      { lines, cause: error },
    );
  });
}

async function takeContext(
  context: BuildContext,
  request: StockRequest,
  step: StepContext,
  wanted: Wanted,
  from: string,
  named: Exclude<NamedContext, { kind: "image" }>,
): Promise<TakenImage[]> {
  const { platform, directive } = wanted;
  const refuse = (cause: unknown): never => {
    const { message } = LarderError.from(cause);
    const what = /unknown scheme oci-layout/.test(message)
      ? "this builder cannot read oci-layout://, as Docker with graph drivers cannot; push the image to a registry, " +
        "or build with the containerd image store"
      : message;
    throw new LarderError(`PRELOAD: --from="${from}": ${what}`, { lines: directive.lines, cause });
  };
  if (named.kind === "layout" && context.settings.givesBlobs) {
    const layout = await resolveLayout(context, from, named, platform).catch(refuse);
    return takeBlobs(context, wanted, layout).catch(refuse);
  }
  const given = await loadBaseImage(context, request, from, platform).catch(refuse);
  return takePacked(context, step, wanted, given, { kind: "context", name: from });
}

/** @param source what the registry calls it. */
async function takeFetched(
  context: BuildContext,
  step: StepContext,
  directive: Directive,
  source: RequestedImage,
  image: RequestedImage,
  platform: Platform,
): Promise<TakenImage> {
  const { bridge, settings, options } = context;
  const network = directive.network ?? (isOnHost(options) ? "host" : undefined);
  const resolved = await resolveImage(bridge, source, platform);
  const asked = askedFor(context, image);
  const planned = planFetched(resolved, image.reference, network, settings.insecureRegistries, asked);
  return { image: planned, layout: fetchStep(step, planned) };
}

/** Triggers of a base image are in no file of the user's but at the FROM that fires them. */
function askedFor({ firing }: BuildContext, { lines, where }: RequestedImage): Asked {
  return { lines: firing?.stage.from.lines ?? lines, ...(where !== undefined && { where }) };
}

async function takeBlobs(
  context: BuildContext,
  { directive }: Wanted,
  from: ClientLayout,
): Promise<TakenImage[]> {
  const origin = { kind: "context", name: from.name } as const;
  return Promise.all(
    directive.images.map(async (requested) => {
      const { reference } = requested;
      const { image, layout } = await takeLayout(context.bridge, from, reference);
      return { image: planPacked(image, reference, origin, askedFor(context, requested)), layout };
    }),
  );
}

async function takePacked(
  context: BuildContext,
  step: StepContext,
  { directive, platform }: Wanted,
  given: BaseImage | undefined,
  origin: Extract<Origin, { name: string }>,
): Promise<TakenImage[]> {
  const refuse = (what: string): LarderError =>
    new LarderError(`PRELOAD: --from="${origin.name}": ${what}`, { lines: directive.lines });
  if (!given) {
    throw refuse(
      origin.kind === "stage"
        ? "the stage is empty (FROM scratch), so there is nothing to preload; COPY something into it"
        : "the context is a folder of files and no image; give it one: oci-layout://, docker-image:// or target:",
    );
  }
  const is = platformOf(given.config);
  if (formatPlatform(is) !== formatPlatform(platform)) {
    throw refuse(
      `it is for ${formatPlatform(is)}, not for ${formatPlatform(platform)}; build it for that with FROM --platform=, ` +
        `or say PRELOAD --platform=${formatPlatform(is)}`,
    );
  }
  const [first] = directive.images;
  if (!first) throw refuse("no name is given to the image");
  const { image, layout } = await packImage(context, step, given, first.reference);
  return directive.images.map((requested) => ({
    image: planPacked(image, requested.reference, origin, askedFor(context, requested)),
    layout,
  }));
}

function refuseStagesBelow(
  { dockerfile }: BuildContext,
  stage: Stage,
  from: string,
  { lines }: Directive,
): void {
  const isNumber = /^\d+$/.test(from);
  const below = dockerfile.stages
    .slice(stage.index)
    .find(({ name, index }) =>
      isNumber ? index === Number(from) : name?.toLowerCase() === from.toLowerCase(),
    );
  if (!below && !isNumber) return;
  const what = below
    ? `the stage begins on line ${below.from.lines.start}, at or below this one; move it above`
    : `the file has ${dockerfile.stages.length} stages, numbered from 0; name the stage`;
  throw new LarderError(`PRELOAD: --from="${from}": ${what}`, { lines });
}

function parseFrom(text: string, { lines }: Directive) {
  try {
    return parseReference(text);
  } catch (error) {
    throw new LarderError(
      `PRELOAD: --from="${text}": no stage above, no --build-context and no image has this name (${(error as Error).message})`,
      { lines, cause: error },
    );
  }
}
