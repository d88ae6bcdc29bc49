import { mount, type Places, type UnpackJob } from "../job.js";
import { formatBytes, progress } from "../report.js";
import { unpackLayer } from "./unpack-layer.js";

/** Unpacks inner layers into an outer layer, and leaves a record of each. */
export async function unpack(
  { layers }: UnpackJob,
  places: Pick<Places, "blob" | "layer" | "record" | "stageCopy"> = mount,
): Promise<void> {
  for (const [i, layer] of layers.entries()) {
    const from = { blob: places.blob(i), stage: places.stageCopy };
    const { size } = await unpackLayer({ ...layer, ...from }, places.layer(0), places.record);
    progress(`unpacked layer ${layer.diffId} ${formatBytes(size)}`);
  }
}
