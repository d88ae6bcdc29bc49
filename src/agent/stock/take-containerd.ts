/** Lets a containerd take the images in: one without Docker, or the one that Docker started. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { run } from "../../files/tool.js";
import { type LayerSource, shelvedLayers } from "../../shelf/layer-source.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import type { ContainerdOptions } from "../../stores/containerd/describe.js";
import { plainNamespace } from "../../stores/containerd/labels.js";
import { readModel } from "../../stores/containerd/model.js";
import { ContainerdRoot } from "../../stores/containerd/root.js";
import { containerd as store } from "../../stores/containerd/store.js";
import { layerBlobs } from "../../stores/containerd/write.js";
import { Containerd } from "../containerd/client.js";
import { type TakenIn, takeIn } from "../containerd/take-in.js";
import { programs } from "../install/programs.js";
import type { StockJob } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import { progress } from "../report.js";
import type { FoundDaemon } from "../stage-path.js";
import { dataRootInStage } from "./chroot.js";
import { ContainerdDaemon } from "./containerd-daemon.js";
import { runDirectory } from "./daemon-process.js";
import { type AskedDaemon, explainRefusal } from "./explain.js";
import type { StockPlaces } from "./places.js";
import type { TakenImages } from "./taken.js";

const lease = "larder";

export async function takeIntoOwnContainerd(
  job: StockJob,
  { program }: FoundDaemon,
  images: readonly LayoutImage[],
  places: StockPlaces,
): Promise<TakenImages> {
  await layEarlierCatalog(places.work, places);
  const daemon = await ContainerdDaemon.start(places.stage, program, job.env);
  try {
    progress(`${program} ${daemon.version}`);
    return await takeIntoContainerd(
      {
        socket: daemon.socket,
        daemon: daemon.process,
        rootBelowData: "",
        namespace: job.namespace ?? plainNamespace,
        layerBlobs: job.blobs === "never" ? "none" : "kept",
      },
      images,
      places,
    );
  } finally {
    await daemon.stop();
  }
}

/** Gives containerd the images of earlier PRELOADs of the stage. */
export async function layEarlierCatalog(root: string, { stage }: StockPlaces): Promise<void> {
  if (!existsSync(`${stage}/${shelf}/${onShelf.catalog("containerd")}/id`)) return;
  const env = [`LARDER_SHELF=${stage}/${shelf}`, "LARDER_ATTACH=link"];
  await run("env", [...env, "sh", `${programs}/attach`, "containerd", `--root=${root}`]);
}

/** A running containerd. */
export interface RunningContainerd extends ContainerdOptions {
  readonly socket: string;
  readonly daemon: AskedDaemon;
  /** Its root below the data root of the step. */
  readonly rootBelowData: string;
}

export async function takeIntoContainerd(
  { socket, daemon, rootBelowData, namespace, layerBlobs: blobs }: RunningContainerd,
  images: readonly LayoutImage[],
  { stage, work }: StockPlaces,
): Promise<TakenImages> {
  const inputsOfDaemon = `${runDirectory}/inputs`;
  await mkdir(stage + inputsOfDaemon, { recursive: true });
  for (const { layout } of images) {
    await mkdir(stage + inputsOfDaemon + layout, { recursive: true });
    await run("mount", ["--bind", layout, stage + inputsOfDaemon + layout]);
  }
  const root = new ContainerdRoot(work + rootBelowData);
  const places = { root: root.path, rootOfDaemon: dataRootInStage + rootBelowData, stage, inputsOfDaemon };
  const earlier = await readModel(`${stage}/${shelf}`);
  const containerd = new Containerd(socket, namespace, lease);
  try {
    // Without a lease, the garbage collection may remove content that has no name yet.
    await containerd.createLease();
    const taken = await takeIn(containerd, images, places, { namespace, layerBlobs: blobs }, earlier);
    await containerd.deleteLease();
    await checkKept(containerd, namespace, taken.model.snapshots);
    return takenImages(namespace, taken, root, shelvedLayers(`${stage}/${shelf}`));
  } catch (error) {
    throw await explainRefusal(error, daemon, images);
  } finally {
    containerd.close();
  }
}

function takenImages(
  namespace: string,
  { model, layers }: TakenIn,
  root: ContainerdRoot,
  shelved: LayerSource,
): TakenImages {
  const whiteouts: LayerSource["whiteouts"] = async (diffId) =>
    layers.get(diffId)?.whiteouts ?? shelved.whiteouts(diffId);
  return {
    store: "containerd",
    namespace,
    layerBlobs: layerBlobs(model),
    layer: async (diffId) => layers.get(diffId),
    catalog: () =>
      store.write(model, {
        database: (name) => root.database(name),
        blob: (digest) => root.blob(digest),
        layers: { whiteouts },
        scratch: root.path,
      }),
  };
}

/** Checks that the garbage collection has kept everything that the images need. */
async function checkKept(
  containerd: Containerd,
  namespace: string,
  snapshots: readonly { readonly namespace: string; readonly name: string }[],
): Promise<void> {
  const kept = new Set((await containerd.snapshots()).map(({ name }) => name));
  const lost = snapshots.find((snapshot) => snapshot.namespace === namespace && !kept.has(snapshot.name));
  if (lost) throw new Error(`containerd's garbage collection took the snapshot ${lost.name}`);
}
