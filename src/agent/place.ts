import { copyTree } from "../files/tree.js";
import { mount } from "./job.js";

/**
 * Lays a tree over the stage: the new layer has exactly the entries of the tree. Existing directories get the owner,
 * mode and times of the tree, as with MergeOp.
 */
export async function place(): Promise<void> {
  await copyTree(mount.tree, mount.stage);
}
