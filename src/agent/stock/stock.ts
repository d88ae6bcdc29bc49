import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import type { InnerImage } from "../../image/inner-image.js";
import { parentsOf } from "../../files/bytes.js";
import type { Store } from "../../stores/store.js";
import { mount, type Preload, type StockJob, shelf, stockAnswer } from "../job.js";
import { writeLayerFolder } from "../../shelf/layer-folder.js";
import type { LayoutImage } from "../layout-image.js";
import { blobPath, readManifest } from "../layout-image.js";
import { aboutImage } from "../step-error.js";
import { packDirectories, unpackDirectories } from "../../files/tree.js";
import { formatAnswer } from "./answer.js";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { makeWritable, prepareChroot, releaseChroot } from "./chroot.js";
import { explainFullDisk } from "./explain.js";
import { addInitSetting, initSettingDirectory } from "../install/init-script.js";
import { findManager, type Manager } from "./manager.js";
import { formatPreload, mergePreload, readPreload } from "../../shelf/preload-file.js";
import { addAttach, addShim, type DaemonName, daemonShim, embeddingShims } from "../install/shims.js";
import { pathOf, placeInStage } from "../stage-path.js";
import { checkShelfDirectories, checkShelvedLayers, unpackedLayer } from "./stage-shelf.js";
import { addDropIn, addEmbeddingDropIns, dropInDirectories } from "../install/systemd.js";
import { takeIntoOwnContainerd } from "./take-containerd.js";
import { takeIntoDocker } from "./take-docker.js";

const { stage, work } = mount;

/** Lets the stage's own container manager take the images in, and makes outer layers of what it wrote. */
export async function stock(job: StockJob): Promise<void> {
  if (job.stage === "read-only") await makeWritable(stage, mount.stageCopy, mount.stageChanges);
  await checkShelfDirectories(stage);
  const earlier = await readPreload(`${stage}/${shelf}`);
  const manager = await findManager(stage, job);
  // Found out again below; but what stands in its way is told before anything else is done.
  await addShim(
    new CatalogFiles(),
    stage,
    job.env,
    daemonShim(manager.kind === "docker" ? "dockerd" : "containerd"),
  );
  // Taken now: the daemon may write to /etc and /var of the stage.
  const existing = await packExisting(pathOf(job.env));

  const images = await Promise.all(job.images.map(readImage));
  try {
    const taken = await takeImages(job, manager, images);
    await checkShelvedLayers(job, taken.store, images);
    await splitLayers(job, taken.store, images);
    const files = await catalogFiles(job, manager, taken, { images, earlier });
    await files.write(mount.catalog);
    await unpackDirectories(existing, mount.catalog, files.directories());
  } catch (error) {
    // The report of a full disk needs room, too.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    throw explainFullDisk(error instanceof Error ? error.message : String(error), images) ?? error;
  }
}

/**
 * Owner, mode and time of those directories of the stage that files of Larder's may come into: the catalog must not
 * change them.
 */
async function packExisting(path: readonly string[]): Promise<Buffer> {
  const named = [...path, ...dropInDirectories, initSettingDirectory, `/${shelf}`];
  // Where nothing can be placed, whoever wants to write there says so.
  const places = named.map((directory) => placeInStage(stage, directory).catch(() => "/"));
  const candidates = (await Promise.all(places)).flatMap((directory) => [
    ...parentsOf(directory.slice(1)),
    directory.slice(1),
  ]);
  const present: string[] = [];
  for (const directory of [...new Set(candidates)].filter(Boolean).sort()) {
    if ((await lstat(`${stage}/${directory}`).catch(() => undefined))?.isDirectory()) present.push(directory);
  }
  return packDirectories(stage, present);
}

/** The catalog's outer layer: what belongs to all layers together, and the programs that run in the container. */
async function catalogFiles(
  job: StockJob,
  manager: Manager,
  { store, dockerVersion }: Taken,
  { images, earlier }: { images: readonly LayoutImage[]; earlier: Preload },
): Promise<CatalogFiles> {
  const files = new CatalogFiles();
  await addAttach(files);
  for (const daemon of attachedDaemons(manager, store)) {
    const shim = await addShim(files, stage, job.env, daemonShim(daemon));
    await addDropIn(files, stage, daemon);
    if (shim !== undefined && daemon === "dockerd") await addInitSetting(files, stage, shim);
  }
  if (job.root !== undefined) {
    for (const shim of embeddingShims(job.root)) await addShim(files, stage, job.env, shim);
    await addEmbeddingDropIns(files, stage, job.root);
  }
  const { name, namespace } = store;
  const where = { store: name, ...(namespace !== undefined && { namespace }) };
  const preload = mergePreload(earlier, job.images, where);
  files.addFile(`${shelf}/preload.json`, formatPreload(preload));
  files.addFile(stockAnswer, formatAnswer(store, images));
  if (dockerVersion !== undefined) files.addFile(`${shelf}/docker-version`, `${dockerVersion}\n`);
  files.add(`${shelf}/catalog/${name}`, await store.catalog({ images, stageShelf: `${stage}/${shelf}` }));
  return files;
}

/** Docker's containerd may be its own or another, so both programs attach its store. */
function attachedDaemons({ kind }: Manager, { name }: Store): DaemonName[] {
  return [...(kind === "docker" ? ["dockerd" as const] : []), ...(name === "containerd" ? [name] : [])];
}

function readImage(image: InnerImage, index: number): Promise<LayoutImage> {
  return aboutImage(index, () => readLayout(image, mount.input(index)));
}

async function readLayout(image: InnerImage, layout: string): Promise<LayoutImage> {
  const { manifest, digest } = await readManifest(layout, image);
  const config = await readFile(blobPath(layout, image.imageId));
  const blobs = manifest.layers.map((layer) => layer.digest);
  return { ...image, layout, manifest, manifestDigest: digest, config, blobs };
}

interface Taken {
  /** Where the manager keeps images. */
  readonly store: Store;
  /** Which store a Docker takes at start depends on its version. */
  readonly dockerVersion?: string;
}

/** Starts the manager, lets it take the images, stops it. */
async function takeImages(job: StockJob, manager: Manager, images: readonly LayoutImage[]): Promise<Taken> {
  await mkdir(work, { recursive: true });
  await prepareChroot(stage, work);
  try {
    switch (manager.kind) {
      case "docker":
        return await takeIntoDocker(job, manager.dockerd, images);
      case "containerd":
        return { store: await takeIntoOwnContainerd(job, manager.containerd, images) };
    }
  } finally {
    await releaseChroot(stage);
  }
}

async function splitLayers(job: StockJob, store: Store, images: readonly LayoutImage[]): Promise<void> {
  for (const [k, diffIds] of job.layers.entries()) {
    const output = mount.layer(k);
    await mkdir(output, { recursive: true });
    for (const diffId of diffIds) await writeLayerFolder(await unpackedLayer(store, images, diffId), output);
  }
}
