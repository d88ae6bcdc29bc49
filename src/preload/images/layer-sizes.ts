import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { type Descriptor, findManifest } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import { marshal } from "../../llb/marshal.js";
import type { Output } from "../../llb/state.js";
import type { PlannedImage } from "../plan/plan.js";

/** Compressed sizes in bytes by diffID, from the manifests that the fetch steps brought. Runs those steps. */
export async function readLayerSizes(
  bridge: Bridge,
  images: readonly PlannedImage[],
  layouts: readonly Output[],
): Promise<Map<string, number>> {
  const lists = await Promise.all(
    images.map(async (image, index) => {
      const layout = layouts[index];
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
  const { result } = await bridge.solve({ Definition: marshal(layout) });
  if (result?.$case !== "ref") throw new LarderError(`the fetch step of "${name}" left nothing`);
  const ref = result.value.id;
  const read = (digest: string): Promise<Buffer> => bridge.readFile(ref, blobPath(digest));
  const found = await findManifest(reference.digest, imageId, read);
  if (!found) throw new LarderError(`the layout of "${name}" lacks its manifest`);
  return found.manifest.layers;
}
