import { constants } from "node:fs";
import { chmod, copyFile, mkdir, utimes } from "node:fs/promises";
import { blobFile } from "../image/oci-layout.js";
import { fixDirectories } from "../shelf/layer-folder.js";
import { onShelf, shelf } from "../shelf/paths.js";
import { mount, type Places, type ShelveJob } from "./job.js";

/** Puts blobs onto the shelf: owner root, mode 0644, time 0, in directories of 0755. */
export async function shelve(
  { layers }: ShelveJob,
  places: Pick<Places, "input" | "layer"> = mount,
): Promise<void> {
  const blobs = `${shelf}/${onShelf.blobs}`;
  for (const [k, group] of layers.entries()) {
    const output = places.layer(k);
    await mkdir(`${output}/${blobs}`, { recursive: true });
    for (const { digest, image } of group) {
      const path = `${output}/${shelf}/${onShelf.blob(digest)}`;
      await copyFile(blobFile(places.input(image), digest), path, constants.COPYFILE_FICLONE);
      await chmod(path, 0o644);
      await utimes(path, 0, 0);
    }
    await fixDirectories(output, blobs);
  }
}
