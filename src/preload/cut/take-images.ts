/**
 * Turns the names in a PRELOAD into images with their blobs. They come from a registry or, with `--from=`, from
 * elsewhere.
 */
import type { Stage } from "../../dockerfile/parse.js";
import { copiedStage } from "../../dockerfile/stages.js";
import { isOnHost, replacesStage } from "../../gateway/options.js";
import { platformOf } from "../../image/config.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { parseReference } from "../../image/reference.js";
import { findNamedContext, type NamedContext } from "../../upstream/named-context.js";
import type { Directive, RequestedImage } from "../directive/directive.js";
import { Fault, reasonOf } from "../directive/fault.js";
import { type BaseImage, loadBaseImage } from "../images/base-image.js";
import { resolveLayout, takeLayout } from "../images/client-layout.js";
import { folderOf, openFolderLayout, takeFromFolder } from "../images/folder-layout.js";
import { packImage, unknownImage } from "../images/pack-image.js";
import { resolveImage } from "../images/resolve.js";
import { type TakenImage, takeRegistryImage } from "../images/settled.js";
import { planFetched, planPacked } from "../plan/images.js";
import type { Asked, Origin } from "../plan/plan.js";
import type { StepContext } from "../steps/agent-step.js";
import type { Planning } from "./planning.js";

/** A PRELOAD whose images are needed. */
export interface Wanted {
  readonly planning: Planning;
  readonly stage: Stage;
  readonly directive: Directive;
  /** The platform of the images. */
  readonly platform: Platform;
  readonly step: StepContext;
  /** Steps may run: images that a step packs are not known otherwise. */
  readonly runs: boolean;
}

/** @throws Fault that names the image or the origin. */
export async function takeImages(wanted: Wanted): Promise<TakenImage[]> {
  const { directive, planning } = wanted;
  const { context } = planning;
  const { from, images, lines } = directive;
  if (from === undefined) return Promise.all(images.map((image) => takeFetched(wanted, image, image)));
  const above = replacesStage(context.options, from)
    ? undefined
    : copiedStage(planning.file.dockerfile, wanted.stage, from);
  if (above) {
    const { state, config } = await planning.stage(above);
    const built = state && { states: [state], config };
    return takePacked(wanted, built, { kind: "stage", name: from });
  }
  refuseStagesBelow(wanted, from);
  const named = findNamedContext(context.request, from, wanted.platform);
  if (named && named.kind !== "image") return takeContext(wanted, from, named);
  const source = { ...parseFrom(from, named?.reference), lines };
  return Promise.all(images.map((image) => takeFetched(wanted, source, image))).catch((error: unknown) => {
    if (named || !(error instanceof Fault)) throw error;
    const message = `${error.message}; no stage above and no --build-context has this name either`;
    throw new Fault(message, { lines, cause: error });
  });
}

async function takeContext(
  wanted: Wanted,
  from: string,
  named: Exclude<NamedContext, { kind: "image" }>,
): Promise<TakenImage[]> {
  const { context } = wanted.planning;
  const refuse = (cause: unknown): never => {
    const reason = reasonOf(cause);
    const what = /unknown scheme oci-layout/.test(reason)
      ? "this builder cannot read oci-layout://, as Docker with graph drivers cannot; push the image to a registry, " +
        "or build with the containerd image store"
      : reason;
    throw new Fault(`--from="${from}": ${what}`, { cause });
  };
  if (named.kind === "layout" && context.settings.givesBlobs) {
    return takeBlobs(wanted, from, named).catch(refuse);
  }
  const folder = named.kind === "files" ? folderOf(named.value) : undefined;
  const images = folder === undefined ? undefined : await takeFolder(wanted, from, folder).catch(refuse);
  if (images) return images;
  const given = await loadBaseImage(context, from, wanted.platform).catch(refuse);
  return takePacked(wanted, given, { kind: "context", name: from });
}

/** @param source The image's name in its registry. */
async function takeFetched(
  { planning, directive, platform, step }: Wanted,
  source: RequestedImage,
  image: RequestedImage,
): Promise<TakenImage> {
  const { bridge, settings, options } = planning.context;
  const network = directive.network ?? (isOnHost(options) ? "host" : undefined);
  const resolved = await resolveImage(bridge, source, platform);
  const asked = askedFor(planning, image);
  const planned = planFetched(resolved, image.reference, network, settings.insecureRegistries, asked);
  return takeRegistryImage(settings, step, planned, resolved);
}

/** Triggers of a base image are in no file of the user's. Their place is the FROM that fires them. */
function askedFor({ file }: Planning, { lines, where }: RequestedImage): Asked {
  return { lines: file.firesAt?.from.lines ?? lines, ...(where !== undefined && { where }) };
}

async function takeBlobs(
  { planning, directive, platform }: Wanted,
  name: string,
  named: Extract<NamedContext, { kind: "layout" }>,
): Promise<TakenImage[]> {
  const { context } = planning;
  const from = await resolveLayout(context, name, named, platform);
  const origin = { kind: "context", name } as const;
  return directive.images.map((requested) => {
    const { reference } = requested;
    const { image, source } = takeLayout(from, reference);
    const planned = planPacked(image, reference, origin, askedFor(planning, requested));
    return { image: planned, source, steps: [] };
  });
}

/** @returns undefined for a folder without a layout. */
async function takeFolder(
  { planning, directive, platform }: Wanted,
  name: string,
  folder: string,
): Promise<TakenImage[] | undefined> {
  const layout = await openFolderLayout(planning.context, name, folder);
  if (!layout) return undefined;
  const origin = { kind: "context", name } as const;
  return Promise.all(
    directive.images.map(async (requested) => {
      const { reference } = requested;
      const { image, source } = await takeFromFolder(layout, reference, platform);
      return {
        image: planPacked(image, reference, origin, askedFor(planning, requested)),
        source,
        steps: [],
      };
    }),
  );
}

async function takePacked(
  { planning, directive, platform, step, runs }: Wanted,
  given: BaseImage | undefined,
  origin: Extract<Origin, { name: string }>,
): Promise<TakenImage[]> {
  const refuse = (what: string): Fault => new Fault(`--from="${origin.name}": ${what}`);
  if (!given) {
    throw refuse(
      origin.kind === "stage"
        ? "the stage is empty (FROM scratch), so there is nothing to preload; COPY something into it"
        : "the context is a folder of files and no image; give it an OCI layout, docker-image:// or target:",
    );
  }
  const is = formatPlatform(platformOf(given.config));
  if (is !== formatPlatform(platform)) {
    throw refuse(
      `it is for ${is}, not for ${formatPlatform(platform)}; build it for that with FROM --platform=, ` +
        `or say PRELOAD --platform=${is}`,
    );
  }
  const [first] = directive.images;
  if (!first) throw refuse("no name is given to the image");
  const { context, steps: earlier } = planning;
  const { image, source, steps } = runs
    ? await packImage(context, step, given, first.reference, earlier)
    : unknownImage(first.reference, given);
  return directive.images.map((requested) => ({
    image: planPacked(image, requested.reference, origin, askedFor(planning, requested)),
    source,
    steps,
  }));
}

function refuseStagesBelow({ planning, stage }: Wanted, from: string): void {
  const { stages } = planning.file.dockerfile;
  const isNumber = /^\d+$/.test(from);
  const below = stages
    .slice(stage.index)
    .find(({ name, index }) =>
      isNumber ? index === Number(from) : name?.toLowerCase() === from.toLowerCase(),
    );
  if (!below && !isNumber) return;
  const what = below
    ? `the stage begins on line ${below.from.lines.start}, at or below this one; move it above`
    : `the file has ${stages.length} stages, numbered from 0; name the stage`;
  throw new Fault(`--from="${from}": ${what}`);
}

/** @param named The value of a `--build-context` with this name. */
function parseFrom(from: string, named: string | undefined): Pick<RequestedImage, "text" | "reference"> {
  const text = named ?? from;
  try {
    return { text, reference: parseReference(text) };
  } catch (error) {
    throw new Fault(
      `--from="${text}": no stage above, no --build-context and no image has this name (${reasonOf(error)})`,
      { cause: error },
    );
  }
}
