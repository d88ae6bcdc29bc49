import { LarderError } from "../../error.js";
import { Overlay2Store } from "../../store/overlay2/overlay2-store.js";
import type { Store } from "../../store/store.js";
import type { EngineInfo } from "./engine-api.js";

/**
 * The store that the daemon says it has.
 * @param work The daemon's data root, as this process sees it.
 * @throws LarderError if PRELOAD does not know it.
 */
export function pickStore(info: EngineInfo, work: string): Store {
  const isContainerd =
    info.DriverStatus?.some(([, value]) => value === "io.containerd.snapshotter.v1") ?? false;
  if (isContainerd) {
    throw new LarderError(
      `the stage's Docker ${info.ServerVersion} keeps images in containerd, which PRELOAD does not support yet: ` +
        'say {"features": {"containerd-snapshotter": false}} in its /etc/docker/daemon.json',
    );
  }
  if (info.Driver === "overlay2") return new Overlay2Store(work);
  throw new LarderError(
    `the stage's Docker ${info.ServerVersion} keeps images in the store "${info.Driver}", and PRELOAD knows overlay2: ` +
      "check storage-driver in its /etc/docker/daemon.json, and that BuildKit's state is not on overlayfs",
  );
}
