import { packTree } from "../files/tree.js";
import { type ArchiveJob, archiveFile, mount } from "./job.js";

/** Makes an archive of each tree. BuildKit unpacks it, since the step itself may not write to the stage. */
export async function archive({ trees }: ArchiveJob): Promise<void> {
  for (let i = 0; i < trees; i++) {
    await packTree(mount.packTree(i), `${mount.layer(i)}/${archiveFile}`);
  }
}
