/** The stores, one folder each beside this file, with the facts that the agent, its jobs, the shims and attach need. */
import type { DaemonName } from "../daemons.js";

interface StoreRow {
  /** Daemons that may keep images in this store. Each of them attaches its catalog. */
  readonly daemons: readonly DaemonName[];
  /** Further programs that use the store. Each of them attaches its catalog, too, if the stage has it. */
  readonly alsoUsedBy: readonly DaemonName[];
  /**
   * Is this the store that Docker names? @param driver Docker's name for it; for containerd's store, the snapshotter.
   * Absent: Docker does not have it.
   */
  isDockers?(driver: string, isContainerd: boolean): boolean;
  /** Programs of src/attach that only this store needs. */
  readonly attachParts: readonly string[];
}

export const stores = {
  /** Docker's graph driver. */
  overlay2: {
    daemons: ["dockerd"],
    alsoUsedBy: [],
    isDockers: (driver, isContainerd) => driver === "overlay2" && !isContainerd,
    attachParts: [
      "overlay2.sh",
      "mend-overlay2.sh",
      "references.sh",
      "moved-volume.sh",
      "explain-overlay2.sh",
    ],
  },
  /** A containerd, Docker's own or another, with the snapshotter overlayfs. */
  containerd: {
    // Docker's containerd may be its own or another, so both programs attach it.
    daemons: ["dockerd", "containerd"],
    alsoUsedBy: [],
    isDockers: (driver, isContainerd) => driver === "overlayfs" && isContainerd,
    attachParts: ["containerd.sh", "mend-containerd.sh", "merge.sh", "prune.sh", "explain-containerd.sh"],
  },
  /** containers-storage with the driver overlay: Podman, Buildah, CRI-O. */
  podman: {
    daemons: ["podman"],
    alsoUsedBy: ["buildah", "skopeo", "crio"],
    attachParts: ["podman.sh", "podman-merge.sh", "podman-moved.sh", "mend-podman.sh", "explain-podman.sh"],
  },
} as const satisfies Readonly<Record<string, StoreRow>>;

export type StoreName = keyof typeof stores;
const dockerStoreNames = ["overlay2", "containerd"] as const satisfies readonly StoreName[];
export type DockerStoreName = (typeof dockerStoreNames)[number];

export const storeNames = Object.keys(stores) as readonly StoreName[];

/** The parts of attach that all stores share. */
const commonParts = [
  "common.sh",
  "unit.sh",
  "nested.sh",
  "json.sh",
  "toml.sh",
  "dockerd.sh",
  "docker-store.sh",
  "explain.sh",
  "explain-daemon.sh",
  "explain-dockerd.sh",
];

/** All parts of attach, by their file names. */
export const attachParts: readonly string[] = [
  ...commonParts,
  ...storeNames.flatMap((name) => stores[name].attachParts),
];

/** The store that a Docker reports; undefined if PRELOAD does not know it. */
export function storeOfDocker(driver: string, isContainerd: boolean): DockerStoreName | undefined {
  return dockerStoreNames.find((name) => stores[name].isDockers(driver, isContainerd));
}
