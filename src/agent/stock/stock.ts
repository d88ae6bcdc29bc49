import { mkdir, rm } from "node:fs/promises";
import { unpackDirectories } from "../../files/tree.js";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { writeLayerFolder } from "../../shelf/layer-folder.js";
import { shelf } from "../../shelf/paths.js";
import { readPreload } from "../../shelf/preload-file.js";
import { storeNames } from "../../stores/table.js";
import { catalogFiles } from "../catalog/catalog-files.js";
import { checkShelfDirectories, packExisting } from "../catalog/stage-directories.js";
import { addShim, daemonShim } from "../install/shims.js";
import { mount, type StockJob } from "../job.js";
import { type LayoutImage, readLayoutImage } from "../layout-image.js";
import { pathOf } from "../stage-path.js";
import { aboutImage } from "../step-error.js";
import { makeWritable, prepareChroot, releaseChroot } from "./chroot.js";
import { explainFullDisk } from "./explain.js";
import { findManager, type Manager } from "./manager.js";
import type { StockPlaces } from "./places.js";
import { checkShelvedLayers, unpackedLayer } from "./stage-shelf.js";
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
    const files = await catalogFiles({
      stage,
      env: job.env,
      named: job.images,
      images,
      described: [stocking.taken],
      manager: manager.kind,
      dockerVersion: stocking.taken.dockerVersion,
      root: job.root,
      earlier,
    });
    await files.write(places.catalog);
    await unpackDirectories(existing, places.catalog, files.directories());
  } catch (error) {
    // If the disk is full, the report needs room, too.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    throw explainFullDisk(error instanceof Error ? error.message : String(error), images) ?? error;
  }
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
