/** Where the blobs of an image are taken from, once its documents have been read. */
import type { Bridge } from "../../gateway/bridge.js";
import type { PlannedImage } from "../plan/plan.js";
import type { Step } from "../steps/agent-step.js";
import { type ImageDocuments, type ImageSource, readDocuments } from "./image-source.js";

export interface TakenImage {
  readonly image: PlannedImage;
  /** Absent for an image that a step would have to pack, where nothing runs. */
  readonly source: ImageSource | undefined;
  /** The steps that produce it. */
  readonly steps: readonly Step[];
  /**
   * Another source, where the first one does not give the documents. The builder's source of blobs asks for a manifest
   * without naming its media type, and many registries then deny that they have one of OCI's.
   */
  readonly otherwise?: () => { readonly source: ImageSource; readonly steps: readonly Step[] };
}

export interface SettledImage {
  readonly image: PlannedImage;
  readonly source: ImageSource;
  readonly documents: ImageDocuments;
}

const known = new WeakMap<TakenImage, Promise<SettledImage | undefined>>();

/**
 * Reads the image's documents; this may run a step. @returns undefined for an image without a source.
 * @param explain turns the failure of one of these steps into an error for the user.
 */
export function settle(
  bridge: Bridge,
  taken: TakenImage,
  explain: <Value>(steps: readonly Step[], run: () => Promise<Value>) => Promise<Value>,
): Promise<SettledImage | undefined> {
  const found = known.get(taken) ?? find(bridge, taken, explain);
  known.set(taken, found);
  return found;
}

async function find(
  bridge: Bridge,
  { image, source, steps, otherwise }: TakenImage,
  explain: Parameters<typeof settle>[2],
): Promise<SettledImage | undefined> {
  if (!source) return undefined;
  const read = (from: ImageSource) => readDocuments(bridge, image.name, image, from);
  if (!otherwise) return { image, source, documents: await explain(steps, () => read(source)) };
  try {
    return { image, source, documents: await read(source) };
  } catch {
    const other = otherwise();
    return { image, source: other.source, documents: await explain(other.steps, () => read(other.source)) };
  }
}
