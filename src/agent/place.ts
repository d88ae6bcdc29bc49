import { copyTree } from "../files/tree.js";
import { mount } from "./job.js";

/**
 * Lays a tree over the stage, exactly: the layer that comes of it has the entries of the tree. Directories
 * that were there get the owner, mode and times that the tree gives them, as MergeOp would do it.
 */
export async function place(): Promise<void> {
  await copyTree(mount.tree, mount.stage);
}
