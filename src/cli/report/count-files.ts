import { extract } from "tar-stream";
import type { OuterImage } from "../images/outer-image.js";

/** Bytes of the files in a layer, as Docker's graph driver counts them. The whole layer is read. */
export async function countFiles(image: OuterImage, index: number): Promise<number> {
  const tar = await image.openLayer(index);
  const entries = tar.pipe(extract());
  tar.once("error", (error) => entries.destroy(error));
  let sum = 0;
  for await (const entry of entries) {
    if (entry.header.type === "file") sum += entry.header.size ?? 0;
    entry.resume();
  }
  return sum;
}
