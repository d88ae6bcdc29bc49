import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";
import type { PlannedImage } from "./plan.js";

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

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

/** Follows a layout from what the reference means to the manifest whose config is the image's. */
async function manifestLayers(
  bridge: Bridge,
  image: PlannedImage,
  layout: Output,
): Promise<readonly Descriptor[]> {
  const { result } = await bridge.solve({ Definition: marshal(layout) });
  if (result?.$case !== "ref") throw new LarderError(`the fetch step of "${image.name}" left nothing`);
  const ref = result.value.id;
  const pending = [blobPath(image.reference.digest)];
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    const manifest = JSON.parse((await bridge.readFile(ref, path)).toString("utf8")) as Manifest;
    if (manifest.config?.digest === image.imageId) return manifest.layers ?? [];
    const next = (manifest.manifests ?? []).map(({ digest }) => blobPath(digest));
    // A layout holds the manifest of one platform only; the others are named and absent.
    const present = await Promise.all(next.map((candidate) => exists(bridge, ref, candidate)));
    pending.push(...next.filter((_, index) => present[index]));
  }
  throw new LarderError(`the layout of "${image.name}" lacks its manifest`);
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function exists(bridge: Bridge, ref: string, path: string): Promise<boolean> {
  return bridge.readFile(ref, path).then(
    () => true,
    () => false,
  );
}
