import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { type Descriptor, findManifest } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import type { Output } from "../../llb/state.js";
import type { PlannedImage } from "../plan/plan.js";
import { openOutput } from "../result.js";

interface ImageLayout {
  readonly image: PlannedImage;
  readonly layout: Output | undefined;
}

/** Runs the fetch steps. @returns compressed sizes in bytes by diffID, from their manifests. */
export async function readLayerSizes(
  bridge: Bridge,
  images: readonly ImageLayout[],
): Promise<ReadonlyMap<string, number>> {
  const lists = await Promise.all(
    images.map(async ({ image, layout }) => {
      const layers = layout ? await manifestLayers(bridge, image, layout) : [];
      return image.diffIds.map((diffId, position) => [diffId, layers[position]?.size ?? 0] as const);
    }),
  );
  return new Map(lists.flat());
}

async function manifestLayers(
  bridge: Bridge,
  { name, reference, imageId }: PlannedImage,
  layout: Output,
): Promise<readonly Descriptor[]> {
  const read = await openOutput(bridge, layout, `the fetch step of "${name}" left nothing`);
  const found = await findManifest(reference.digest, imageId, (digest) => read(blobPath(digest)));
  if (!found) throw new LarderError(`the layout of "${name}" lacks its manifest`);
  return found.manifest.layers;
}
