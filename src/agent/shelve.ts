import { constants } from "node:fs";
import { chmod, copyFile, mkdir, utimes } from "node:fs/promises";
import { hexOf } from "../image/chain.js";
import { mount, type ShelveJob, shelf } from "./job.js";
import { fixDirectories } from "../shelf/layer-folder.js";
import { blobPath } from "./layout-image.js";

const blobs = `${shelf}/blobs/sha256`;

/** Puts blobs where the shelf has them: owner root, mode 0644, time 0, in directories of 0755. */
export async function shelve({ layers }: ShelveJob): Promise<void> {
  for (const [k, group] of layers.entries()) {
    const output = mount.layer(k);
    await mkdir(`${output}/${blobs}`, { recursive: true });
    for (const { digest, image } of group) {
      const path = `${output}/${blobs}/${hexOf(digest)}`;
      await copyFile(blobPath(mount.input(image), digest), path, constants.COPYFILE_FICLONE);
      await chmod(path, 0o644);
      await utimes(path, 0, 0);
    }
    await fixDirectories(output, blobs);
  }
}
