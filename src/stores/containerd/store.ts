import type { Store } from "../store.js";
import { type ContainerdOptions, describe } from "./describe.js";
import type { ContainerdModel } from "./model.js";
import { type ContainerdRecords, write } from "./write.js";

/** A containerd, Docker's own or another, with the snapshotter overlayfs. */
export const containerd: Store<ContainerdModel, ContainerdRecords, ContainerdOptions> = { describe, write };
