/** Docker takes the images in, into whichever store it says it has. */
import { mkdir, rm } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { Overlay2Store } from "../../store/overlay2/overlay2-store.js";
import type { Store } from "../../store/store.js";
import { mount, type StockJob } from "../job.js";
import type { LayoutImage } from "../layout.js";
import { formatBytes, progress } from "../report.js";
import { stockConfig } from "./daemon-config.js";
import { Dockerd } from "./dockerd.js";
import type { EngineInfo } from "./engine-api.js";
import { explainRefusal } from "./explain.js";
import { openLoadArchive } from "./load-archive.js";
import type { FoundDaemon } from "./stage-path.js";
import { layEarlierCatalog, takeIntoContainerd } from "./take-containerd.js";

const { stage, work } = mount;
/** Of the containerd that dockerd starts, below its data root. */
const containerdRoot = "/containerd/daemon";
const dockersNamespace = "moby";

/** @returns the store, and the daemon's version. */
export async function takeIntoDocker(
  job: StockJob,
  { program }: FoundDaemon,
  images: readonly LayoutImage[],
): Promise<{ store: Store; dockerVersion: string }> {
  await mkdir(work + containerdRoot, { recursive: true });
  await layEarlierCatalog(work + containerdRoot);
  const dockerd = await Dockerd.start(stage, program, job.env, await stockConfig(stage));
  try {
    const info = await dockerd.api.info();
    const kind = storeOf(info);
    const dockerVersion = info.ServerVersion;
    progress(`${program} ${dockerVersion}, store ${kind === "overlay2" ? kind : `containerd (${kind})`}`);
    if (kind === "overlay2") {
      await load(dockerd, images);
      return { store: new Overlay2Store(work), dockerVersion };
    }
    if (job.blobs === "never") {
      throw new LarderError(
        "this Docker keeps images in containerd, and shows an image only while its blobs are there: leave out --blobs=never",
      );
    }
    const store = await takeIntoContainerd({
      socket: dockerd.containerdSocket,
      log: () => dockerd.log,
      rootBelowData: containerdRoot,
      namespace: dockersNamespace,
      keepsBlobs: true,
      images,
    });
    return { store, dockerVersion };
  } finally {
    await dockerd.stop();
  }
}

/** @throws LarderError if PRELOAD does not know the store that the daemon says it has. */
export function storeOf({ ServerVersion, Driver, DriverStatus }: EngineInfo): "overlay2" | "overlayfs" {
  const isContainerd = DriverStatus?.some(([, value]) => value === "io.containerd.snapshotter.v1") ?? false;
  if (isContainerd ? Driver === "overlayfs" : Driver === "overlay2")
    return isContainerd ? "overlayfs" : "overlay2";
  throw new LarderError(
    `the stage's Docker ${ServerVersion} keeps images in the store "${Driver}", and PRELOAD knows overlay2 and containerd's ` +
      "overlayfs: check storage-driver in its /etc/docker/daemon.json, and that BuildKit's state is not on overlayfs",
  );
}

async function load(dockerd: Dockerd, images: readonly LayoutImage[]): Promise<void> {
  const scratch = `${work}/larder-layers`;
  let layers = 0;
  try {
    const archive = await openLoadArchive(images, scratch);
    await dockerd.api.load(archive, (id, bytes) =>
      progress(`loaded layer ${++layers} ${id} ${formatBytes(bytes)}`),
    );
  } catch (error) {
    throw explainRefusal(error, dockerd.log, images);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
