/** Docker takes the images in, into whichever store it says it has. */
import { mkdir, rm } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { Overlay2Store } from "../../stores/overlay2/overlay2-store.js";
import type { Store } from "../../stores/store.js";
import { mount, type StockJob } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import { aboutImage } from "../step-error.js";
import { stockConfig } from "./daemon-config.js";
import { isFullDisk } from "./daemon-reason.js";
import { Dockerd } from "./dockerd.js";
import type { EngineInfo } from "./engine-api.js";
import { explainRefusal } from "./explain.js";
import { openLoadArchive } from "./load-archive.js";
import type { FoundDaemon } from "../stage-path.js";
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
      daemon: dockerd.process,
      rootBelowData: containerdRoot,
      namespace: dockersNamespace,
      keepsBlobs: true,
      images,
    });
    return { store, dockerVersion };
  } catch (error) {
    throw error instanceof LarderError ? error : await explainRefusal(error, dockerd.process, images);
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
  try {
    await loadTogether(dockerd, images);
  } catch (error) {
    const culprit = await findCulprit(dockerd, error, images);
    throw await explainRefusal(culprit ?? error, dockerd.process, images);
  }
}

/** Docker does not say which image of an archive it refuses: each is offered alone. */
async function findCulprit(
  dockerd: Dockerd,
  error: unknown,
  images: readonly LayoutImage[],
): Promise<unknown> {
  const isGeneral =
    error instanceof LarderError || isFullDisk([String(error), ...dockerd.process.log].join("\n"));
  if (isGeneral || images.length === 1 || (await dockerd.process.ending()) !== undefined) return undefined;
  progress(`the images were refused together (${LarderError.from(error).message}): looking for the one`);
  for (const [index, image] of images.entries()) {
    try {
      await aboutImage(index, () => loadTogether(dockerd, [image]));
    } catch (thrown) {
      return thrown;
    }
  }
  return undefined;
}

async function loadTogether(dockerd: Dockerd, images: readonly LayoutImage[]): Promise<void> {
  const scratch = `${work}/larder-layers`;
  let layers = 0;
  try {
    const archive = await openLoadArchive(images, scratch);
    await dockerd.api.load(archive, (id, bytes) =>
      progress(`loaded layer ${++layers} ${id} ${formatBytes(bytes)}`),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
