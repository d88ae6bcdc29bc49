import { lstat, mkdir, rm } from "node:fs/promises";
import type { DaemonName } from "../../daemons.js";
import { parentsOf } from "../../files/bytes.js";
import { packDirectories, unpackDirectories } from "../../files/tree.js";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { writeLayerFolder } from "../../shelf/layer-folder.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { formatPreload, mergePreload, type Preload, readPreload } from "../../shelf/preload-file.js";
import { storeNames, stores } from "../../stores/table.js";
import { addInitSetting, initSettingDirectory } from "../install/init-script.js";
import { addAttach } from "../install/programs.js";
import { addShim, daemonShim, embeddingShims } from "../install/shims.js";
import { addDropIn, addEmbeddingDropIns, dropInDirectories } from "../install/systemd.js";
import { mount, type StockJob, stockAnswer } from "../job.js";
import { type LayoutImage, readLayoutImage } from "../layout-image.js";
import { pathOf, placeInStage } from "../stage-path.js";
import { aboutImage } from "../step-error.js";
import { formatAnswer } from "./answer.js";
import { makeWritable, prepareChroot, releaseChroot } from "./chroot.js";
import { explainFullDisk } from "./explain.js";
import { findManager, type Manager } from "./manager.js";
import type { StockPlaces } from "./places.js";
import { checkShelfDirectories, checkShelvedLayers, unpackedLayer } from "./stage-shelf.js";
import { takeIntoOwnContainerd } from "./take-containerd.js";
import { takeIntoDocker } from "./take-docker.js";
import type { Stocking, TakenImages } from "./taken.js";

/** Lets the stage's own container manager take the images in, and makes outer layers of its files. */
export async function stock(job: StockJob, places: StockPlaces = mount): Promise<void> {
  const { stage, work } = places;
  if (job.stage === "read-only") await makeWritable(stage, places.stageCopy, places.stageChanges);
  await checkShelfDirectories(stage);
  const earlier = await readPreload(`${stage}/${shelf}`, storeNames);
  const manager = await findManager(stage, job);
  // This is repeated below, but errors about the place must come before anything else is done.
  const daemon = manager.kind === "docker" ? "dockerd" : "containerd";
  await addShim(new CatalogFiles(), stage, job.env, daemonShim(daemon));
  // Pack them now: the daemon may write to /etc and /var of the stage.
  const existing = await packExisting(stage, pathOf(job.env));

  const read = job.images.map((image, i) => aboutImage(i, () => readLayoutImage(image, places.input(i))));
  const images = await Promise.all(read);
  try {
    const stocking = { job, images, places, taken: await takeIn(job, manager, images, places) };
    await checkShelvedLayers(stocking);
    await splitLayers(stocking);
    const files = await catalogFiles(stocking, manager, earlier);
    await files.write(places.catalog);
    await unpackDirectories(existing, places.catalog, files.directories());
  } catch (error) {
    // If the disk is full, the report needs room, too.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    throw explainFullDisk(error instanceof Error ? error.message : String(error), images) ?? error;
  }
}

/**
 * Packs owner, mode and time of the stage's directories that may get files of Larder's: the catalog must not change
 * them.
 */
async function packExisting(stage: string, path: readonly string[]): Promise<Buffer> {
  const named = [...path, ...dropInDirectories, initSettingDirectory, `/${shelf}`];
  // If a file cannot be placed, the code that writes it reports the error.
  const found = named.map((directory) => placeInStage(stage, directory).catch(() => "/"));
  const candidates = (await Promise.all(found)).flatMap((directory) => [
    ...parentsOf(directory.slice(1)),
    directory.slice(1),
  ]);
  const present: string[] = [];
  for (const directory of [...new Set(candidates)].filter(Boolean).sort()) {
    if ((await lstat(`${stage}/${directory}`).catch(() => undefined))?.isDirectory()) present.push(directory);
  }
  return packDirectories(stage, present);
}

/** Starts the manager, lets it take the images in, and stops it. */
async function takeIn(
  job: StockJob,
  manager: Manager,
  images: readonly LayoutImage[],
  places: StockPlaces,
): Promise<TakenImages> {
  const { stage, work } = places;
  await mkdir(work, { recursive: true });
  await prepareChroot(stage, work);
  try {
    switch (manager.kind) {
      case "docker":
        return await takeIntoDocker(job, manager.dockerd, images, places);
      case "containerd":
        return await takeIntoOwnContainerd(job, manager.containerd, images, places);
    }
  } finally {
    await releaseChroot(stage);
  }
}

async function splitLayers(stocking: Stocking): Promise<void> {
  const { job, places } = stocking;
  for (const [k, diffIds] of job.layers.entries()) {
    const output = places.layer(k);
    await mkdir(output, { recursive: true });
    for (const diffId of diffIds) await writeLayerFolder(await unpackedLayer(stocking, diffId), output);
  }
}

/**
 * The files of the catalog's outer layer: those for all layers together, and the programs that run in the container.
 */
async function catalogFiles(
  { job, images, places: { stage }, taken }: Stocking,
  manager: Manager,
  earlier: Preload,
): Promise<CatalogFiles> {
  const files = new CatalogFiles();
  await addAttach(files);
  for (const daemon of attachedDaemons(manager, taken)) {
    const shim = await addShim(files, stage, job.env, daemonShim(daemon));
    await addDropIn(files, stage, daemon);
    if (shim !== undefined && daemon === "dockerd") await addInitSetting(files, stage, shim);
  }
  if (job.root !== undefined) {
    for (const shim of embeddingShims(job.root)) await addShim(files, stage, job.env, shim);
    await addEmbeddingDropIns(files, stage, job.root);
  }
  const { store, namespace, dockerVersion } = taken;
  const preload = mergePreload(earlier, job.images, { store, ...(namespace !== undefined && { namespace }) });
  files.addFile(`${shelf}/${onShelf.preload}`, formatPreload(preload));
  files.addFile(stockAnswer, formatAnswer(taken, images, `${stage}/${shelf}`));
  if (dockerVersion !== undefined) files.addFile(`${shelf}/${onShelf.dockerVersion}`, `${dockerVersion}\n`);
  files.add(`${shelf}/${onShelf.catalog(store)}`, await taken.catalog());
  return files;
}

/** The store's daemons that the stage may have. */
function attachedDaemons({ kind }: Manager, { store }: TakenImages): DaemonName[] {
  return stores[store].daemons.filter((daemon) => kind === "docker" || daemon !== "dockerd");
}
