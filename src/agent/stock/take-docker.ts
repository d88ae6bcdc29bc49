/** Lets Docker take the images in, into the store that it reports. */
import { mkdir, rm } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { chainOf } from "../../image/chain.js";
import { type LayerSource, shelvedLayers } from "../../shelf/layer-source.js";
import { shelf } from "../../shelf/paths.js";
import { dockersNamespace } from "../../stores/containerd/labels.js";
import { DataRoot } from "../../stores/overlay2/data-root.js";
import { readModel } from "../../stores/overlay2/model.js";
import { overlay2 } from "../../stores/overlay2/store.js";
import type { DescribedImage, LayerFacts } from "../../stores/store.js";
import { type DockerStoreName, storeOfDocker } from "../../stores/table.js";
import type { StockJob } from "../job.js";
import type { LayoutImage } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import type { FoundDaemon } from "../stage-path.js";
import { aboutImage } from "../step-error.js";
import { firstWithContainerdStore } from "../survey/docker-version.js";
import { stockConfig } from "./daemon-config.js";
import { isFullDisk } from "./daemon-reason.js";
import { Dockerd } from "./dockerd.js";
import type { EngineInfo } from "./engine-api.js";
import { explainRefusal } from "./explain.js";
import { openLoadArchive } from "./load-archive.js";
import type { StockPlaces } from "./places.js";
import { layEarlierCatalog, takeIntoContainerd } from "./take-containerd.js";
import type { TakenImages } from "./taken.js";

/** Root of the containerd that dockerd starts, below its data root. */
const containerdRoot = "/containerd/daemon";

/** Loads the images into the store that the daemon reports. */
export async function takeIntoDocker(
  job: StockJob,
  { program }: FoundDaemon,
  images: readonly LayoutImage[],
  places: StockPlaces,
): Promise<TakenImages> {
  const { stage, work } = places;
  await mkdir(work + containerdRoot, { recursive: true });
  await layEarlierCatalog(work + containerdRoot, places);
  const dockerd = await Dockerd.start(stage, program, job.env, await stockConfig(stage));
  try {
    const info = await dockerd.api.info();
    const store = storeOf(info, job.dockerStore);
    const dockerVersion = info.ServerVersion;
    progress(
      `${program} ${dockerVersion}, store ${store === "containerd" ? `containerd (${info.Driver})` : store}`,
    );
    if (store === "overlay2") {
      await load(dockerd, images, work);
      return { ...takenByDriver(images, places), dockerVersion };
    }
    const containerd = {
      socket: dockerd.containerdSocket,
      daemon: dockerd.process,
      rootBelowData: containerdRoot,
      namespace: dockersNamespace,
      layerBlobs: job.blobs === "never" ? "known" : "kept",
    } as const;
    return { ...(await takeIntoContainerd(containerd, images, places)), dockerVersion };
  } catch (error) {
    throw error instanceof LarderError ? error : await explainRefusal(error, dockerd.process, images);
  } finally {
    await dockerd.stop();
  }
}

/**
 * @param wanted the store that PRELOAD names.
 * @throws LarderError if PRELOAD does not know the store that the daemon reports, or names another one.
 */
export function storeOf(info: EngineInfo, wanted?: DockerStoreName): DockerStoreName {
  const { ServerVersion, Driver, DriverStatus } = info;
  const isContainerd = DriverStatus?.some(([, value]) => value === "io.containerd.snapshotter.v1") ?? false;
  const store = storeOfDocker(Driver, isContainerd);
  if (store !== undefined && wanted !== undefined && store !== wanted)
    throw otherStore(ServerVersion, store, wanted);
  if (store !== undefined) return store;
  throw new LarderError(
    `the stage's Docker ${ServerVersion} keeps images in the store "${Driver}", and PRELOAD knows overlay2 and containerd's ` +
      "overlayfs: check storage-driver in its /etc/docker/daemon.json, and that BuildKit's state is not on overlayfs",
  );
}

/** The running daemon writes the store that it uses, and no other. */
function otherStore(version: string, store: DockerStoreName, wanted: DockerStoreName): LarderError {
  const differs =
    `the stage's Docker ${version} keeps images in ${inWords[store]}, and --store=docker-${wanted} names ` +
    inWords[wanted];
  if (Number.parseInt(version, 10) < firstWithContainerdStore)
    return new LarderError(
      `${differs}, which Docker has since version ${firstWithContainerdStore}: leave the flag out`,
    );
  const setting = JSON.stringify({ features: { "containerd-snapshotter": wanted === "containerd" } });
  return new LarderError(
    `${differs}: write ${setting} into its /etc/docker/daemon.json above PRELOAD, leave the flag out, or say ` +
      "--via=direct, which needs no daemon",
  );
}

const inWords: Readonly<Record<DockerStoreName, string>> = {
  overlay2: "its graph driver overlay2",
  containerd: "its containerd",
};

/** The images in overlay2. The daemon's files are read after it has stopped. */
function takenByDriver(images: readonly LayoutImage[], { stage, work }: StockPlaces): TakenImages {
  const root = new DataRoot(work);
  const shelved = shelvedLayers(`${stage}/${shelf}`);
  const own = new Set(images.flatMap(({ diffIds }) => diffIds));
  const layers: LayerSource = {
    files: async (diffId) => (own.has(diffId) ? (await root.layer(diffId)).directory : shelved.files(diffId)),
    whiteouts: async (diffId) =>
      own.has(diffId) ? (await root.layer(diffId)).whiteouts : shelved.whiteouts(diffId),
  };
  return {
    store: "overlay2",
    // Docker has the layers' files, and makes tars of them when necessary.
    layerBlobs: [],
    layer: (diffId) => root.layer(diffId),
    catalog: async () => {
      const earlier = await readModel(`${stage}/${shelf}`);
      const described: DescribedImage[] = [];
      for (const image of images) described.push(await withFacts(image, root));
      const model = overlay2.describe(described, earlier);
      const tarSplitFile = root.tarSplitFile.bind(root);
      return overlay2.write(model, { images, earlier, layers, tarSplitFile, scratch: root.path });
    },
  };
}

async function withFacts(image: LayoutImage, root: DataRoot): Promise<DescribedImage> {
  const layers: LayerFacts[] = [];
  // One at a time: a record may be of a layer with very many files.
  for (const link of chainOf(image.diffIds)) layers.push(await root.facts(link));
  return { ...image, layers };
}

async function load(dockerd: Dockerd, images: readonly LayoutImage[], work: string): Promise<void> {
  try {
    await loadTogether(dockerd, images, work);
  } catch (error) {
    const culprit = await findCulprit(dockerd, error, images, work);
    throw await explainRefusal(culprit ?? error, dockerd.process, images);
  }
}

/** Docker does not say which image of an archive it refuses, so each is offered alone. */
async function findCulprit(
  dockerd: Dockerd,
  error: unknown,
  images: readonly LayoutImage[],
  work: string,
): Promise<unknown> {
  const isGeneral =
    error instanceof LarderError || isFullDisk([String(error), ...dockerd.process.log].join("\n"));
  if (isGeneral || images.length === 1 || (await dockerd.process.ending()) !== undefined) return undefined;
  progress(`the images were refused together (${LarderError.from(error).message}): looking for the one`);
  for (const [index, image] of images.entries()) {
    try {
      await aboutImage(index, () => loadTogether(dockerd, [image], work));
    } catch (thrown) {
      return thrown;
    }
  }
  return undefined;
}

async function loadTogether(dockerd: Dockerd, images: readonly LayoutImage[], work: string): Promise<void> {
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
