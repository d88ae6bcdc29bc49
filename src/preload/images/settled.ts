/** Where the blobs of an image are taken from, once its documents have been read. */
import type { Bridge } from "../../gateway/bridge.js";
import type { InnerImage } from "../../image/inner-image.js";
import type { PlannedImage } from "../plan/plan.js";
import type { Settings } from "../settings.js";
import type { Step, StepContext } from "../steps/agent-step.js";
import { withReasons } from "../steps/failure.js";
import { fetchStep } from "../steps/fetch.js";
import { type ImageDocuments, type ImageSource, readDocuments, registrySource } from "./image-source.js";

interface Fetched {
  readonly source: ImageSource;
  /** The steps that produce it. */
  readonly steps: readonly Step[];
}

export interface TakenImage extends Pick<Fetched, "steps"> {
  readonly image: PlannedImage;
  /** Absent for an image that a step would have to pack, where nothing runs. */
  readonly source: ImageSource | undefined;
  /**
   * The same with a step for the manifest, where the builder does not give that. The builder's source of blobs asks for
   * it without naming its media type, and many registries then deny that they have one of OCI's.
   */
  readonly otherwise?: () => Fetched;
}

export interface SettledImage {
  readonly image: PlannedImage;
  readonly source: ImageSource;
  readonly documents: ImageDocuments;
}

/**
 * An image of a registry.
 * @param resolved the image under its registry's name.
 * @param mirrored An instruction that names a mirror for it.
 */
export function takeRegistryImage(
  { givesBlobs }: Settings,
  step: StepContext,
  image: PlannedImage,
  resolved: InnerImage,
  mirrored?: string,
): TakenImage {
  if (!givesBlobs) {
    const { layout, step: own } = fetchStep(step, image, mirrored);
    return { image, source: { kind: "layout", layout }, steps: [own] };
  }
  const source = registrySource(image.name, resolved);
  const otherwise = (): Fetched => {
    const { layout, step: own } = fetchStep(step, image, mirrored, "manifest");
    return { source: { ...source, manifests: layout }, steps: [own] };
  };
  return { image, source, steps: [], otherwise };
}

const known = new WeakMap<TakenImage, Promise<SettledImage | undefined>>();

/**
 * Reads the image's documents; this may run a step. @returns undefined for an image without a source.
 * @param earlier The steps of PRELOADs that the image may build on.
 */
export function settle(
  bridge: Bridge,
  taken: TakenImage,
  earlier: readonly Step[],
): Promise<SettledImage | undefined> {
  const found = known.get(taken) ?? find(bridge, taken, earlier);
  known.set(taken, found);
  return found;
}

async function find(
  bridge: Bridge,
  { image, source, steps, otherwise }: TakenImage,
  earlier: readonly Step[],
): Promise<SettledImage | undefined> {
  if (!source) return undefined;
  const read = (from: ImageSource) => readDocuments(bridge, image.name, image, from);
  const readOr = (from: ImageSource, own: readonly Step[]) =>
    withReasons(bridge, [...earlier, ...own], () => read(from));
  if (!otherwise) return { image, source, documents: await readOr(source, steps) };
  try {
    return { image, source, documents: await read(source) };
  } catch {
    const other = otherwise();
    return { image, source: other.source, documents: await readOr(other.source, other.steps) };
  }
}
