import { constants } from "node:fs";
import { chmod, copyFile, mkdir, utimes } from "node:fs/promises";
import { fixDirectories } from "../shelf/layer-folder.js";
import { onShelf, shelf } from "../shelf/paths.js";
import { verifyBlob } from "./fetch/verify-blob.js";
import { mount, type Places, type ShelveJob } from "./job.js";

/** Puts blobs onto the shelf: owner root, mode 0644, time 0, in directories of 0755. */
export async function shelve(
  { blobs }: ShelveJob,
  places: Pick<Places, "blob" | "layer"> = mount,
): Promise<void> {
  const output = places.layer(0);
  const folder = `${shelf}/${onShelf.blobs}`;
  await mkdir(`${output}/${folder}`, { recursive: true });
  for (const [i, digest] of blobs.entries()) {
    const path = `${output}/${shelf}/${onShelf.blob(digest)}`;
    await copyFile(places.blob(i), path, constants.COPYFILE_FICLONE);
    await verifyBlob(path, { digest }, "its layer");
    await chmod(path, 0o644);
    await utimes(path, 0, 0);
  }
  await fixDirectories(output, folder);
}
