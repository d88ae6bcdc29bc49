import type { Store } from "../store.js";
import { describe, type TarsOfLayers } from "./describe.js";
import type { PodmanModel } from "./model.js";
import { type PodmanRecords, write } from "./write.js";

/** containers-storage with the driver overlay: the store of Podman, Buildah and CRI-O. */
export const podman: Store<PodmanModel, PodmanRecords, TarsOfLayers> = { describe, write };
