/** A containerd takes the images in, one of its own or the one that Docker started. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { ContainerdStore, readStageModel } from "../../stores/containerd/containerd-store.js";
import type { Store } from "../../stores/store.js";
import { run } from "../../files/tool.js";
import { Containerd } from "../containerd/client.js";
import { takeIn } from "../containerd/take-in.js";
import { mount, type StockJob, shelf } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import { progress } from "../report.js";
import { dataRootInStage } from "./chroot.js";
import { ContainerdDaemon } from "./containerd-daemon.js";
import { runDirectory } from "./daemon-process.js";
import { type AskedDaemon, explainRefusal } from "./explain.js";
import { programs } from "../install/shims.js";
import type { FoundDaemon } from "../stage-path.js";

const { stage, work } = mount;
const lease = "larder";
const defaultNamespace = "default";

export async function takeIntoOwnContainerd(
  job: StockJob,
  { program }: FoundDaemon,
  images: readonly LayoutImage[],
): Promise<Store> {
  await layEarlierCatalog(work);
  const daemon = await ContainerdDaemon.start(stage, program, job.env);
  try {
    progress(`${program} ${daemon.version}`);
    return await takeIntoContainerd({
      socket: daemon.socket,
      daemon: daemon.process,
      rootBelowData: "",
      namespace: job.namespace ?? defaultNamespace,
      keepsBlobs: job.blobs !== "never",
      images,
    });
  } finally {
    await daemon.stop();
  }
}

/** What earlier PRELOADs of the stage put into containerd is there when this one begins. */
export async function layEarlierCatalog(root: string): Promise<void> {
  if (!existsSync(`${stage}/${shelf}/catalog/containerd/id`)) return;
  const env = [`LARDER_SHELF=${stage}/${shelf}`, "LARDER_ATTACH=link"];
  await run("env", [...env, "sh", `${programs}/attach`, "containerd", `--root=${root}`]);
}

export interface Taking {
  readonly socket: string;
  readonly daemon: AskedDaemon;
  /** containerd's root below the data root of the step. */
  readonly rootBelowData: string;
  readonly namespace: string;
  readonly keepsBlobs: boolean;
  readonly images: readonly LayoutImage[];
}

export async function takeIntoContainerd(taking: Taking): Promise<ContainerdStore> {
  const { socket, rootBelowData, namespace, keepsBlobs, images } = taking;
  const inputsOfDaemon = `${runDirectory}/inputs`;
  await mkdir(stage + inputsOfDaemon, { recursive: true });
  for (const { layout } of images) {
    await mkdir(stage + inputsOfDaemon + layout, { recursive: true });
    await run("mount", ["--bind", layout, stage + inputsOfDaemon + layout]);
  }
  const root = work + rootBelowData;
  const place = { root, rootOfDaemon: dataRootInStage + rootBelowData, stage, inputsOfDaemon };
  const earlier = await readStageModel(`${stage}/${shelf}`);
  const containerd = new Containerd(socket, namespace, lease);
  try {
    // Without it the garbage collection may take what no name leads to yet.
    await containerd.createLease();
    const taken = await takeIn(containerd, images, place, { namespace, keepsBlobs, earlier });
    await containerd.deleteLease();
    await checkKept(containerd, namespace, taken.model.snapshots);
    return new ContainerdStore(namespace, root, taken.model, taken.layers);
  } catch (error) {
    throw await explainRefusal(error, taking.daemon, images);
  } finally {
    containerd.close();
  }
}

/** What the garbage collection has left is what the images need. */
async function checkKept(
  containerd: Containerd,
  namespace: string,
  snapshots: readonly { readonly namespace: string; readonly name: string }[],
): Promise<void> {
  const kept = new Set((await containerd.snapshots()).map(({ name }) => name));
  const lost = snapshots.find((snapshot) => snapshot.namespace === namespace && !kept.has(snapshot.name));
  if (lost) throw new Error(`containerd's garbage collection took the snapshot ${lost.name}`);
}
