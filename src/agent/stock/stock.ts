import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import { LarderError } from "../../error.js";
import type { InnerImage } from "../../image/inner-image.js";
import type { Store } from "../../store/store.js";
import { mount, type StockJob, shelf } from "../job.js";
import { writeLayerFolder } from "../layer-folder.js";
import { blobPath, readManifest } from "../layout.js";
import { formatBytes, progress } from "../report.js";
import { packDirectories, unpackDirectories } from "../tree.js";
import { CatalogFiles } from "./catalog-files.js";
import { prepareChroot, releaseChroot } from "./chroot.js";
import { stockConfig } from "./daemon-config.js";
import { Dockerd } from "./dockerd.js";
import { archiveSize, type LayoutImage, openLoadArchive } from "./load-archive.js";
import { pickStore } from "./pick-store.js";
import { formatPreload, mergePreload, readPreload } from "./preload-file.js";
import { addPrograms } from "./shims.js";
import { type FoundDaemon, findDaemon, pathOf } from "./stage-path.js";
import { addDropIn } from "./systemd.js";

const { stage, work } = mount;

/** Lets the stage's own daemon take the images in, and makes outer layers of what it wrote. */
export async function stock(job: StockJob): Promise<void> {
  await checkStage();
  const daemon = await requireDaemon(pathOf(job.env));
  const files = new CatalogFiles();
  await addPrograms(files, stage, pathOf(job.env), daemon);
  await addDropIn(files, stage);
  files.addFile(
    `${shelf}/preload.json`,
    formatPreload(mergePreload(await readPreload(`${stage}/${shelf}`), job.images)),
  );
  // Taken now: the daemon may write to /etc and /var of the stage.
  const existing = await existingDirectories([...files.directories(), shelf]);

  const images = await Promise.all(job.images.map(readImage));
  try {
    const store = await loadImages(job, daemon, images);
    await splitLayers(job, store);
    files.add(
      `${shelf}/catalog/${store.name}`,
      await store.catalog({ images, stageShelf: `${stage}/${shelf}` }),
    );
    await files.write(mount.catalog);
    await unpackDirectories(existing, mount.catalog);
  } catch (error) {
    // The report of a full disk needs room, too.
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    throw explainFullDisk(error instanceof Error ? error.message : String(error), images) ?? error;
  }
}

/** The shelf is an outer layer of its own, which would put a directory where the stage has a link. */
async function checkStage(): Promise<void> {
  for (const path of ["usr", "usr/lib", shelf]) {
    const found = await lstat(`${stage}/${path}`).catch(() => undefined);
    if (found && !found.isDirectory())
      throw new LarderError(`the stage's /${path} is not a directory, so the images have no place`);
  }
}

async function requireDaemon(path: readonly string[]): Promise<FoundDaemon> {
  const daemon = await findDaemon(stage, path, "dockerd");
  if (daemon) return daemon;
  throw new LarderError(
    `no container manager in the stage: looked for dockerd in ${path.join(", ")}; install Docker above PRELOAD`,
  );
}

/** Owner, mode and time of those directories that the stage has: the catalog must not change them. */
async function existingDirectories(paths: readonly string[]): Promise<Buffer> {
  const present: string[] = [];
  for (const path of new Set(paths)) {
    if ((await lstat(`${stage}/${path}`).catch(() => undefined))?.isDirectory()) present.push(path);
  }
  return packDirectories(stage, present);
}

async function readImage(image: InnerImage, index: number): Promise<LayoutImage> {
  const layout = mount.input(index);
  const manifest = await readManifest(layout, image);
  const config = await readFile(blobPath(layout, image.imageId));
  return { ...image, layout, manifest, config, blobs: manifest.layers.map((layer) => layer.digest) };
}

/** Starts the daemon, loads, stops it. @returns the store that the daemon keeps images in. */
async function loadImages(
  job: StockJob,
  daemon: FoundDaemon,
  images: readonly LayoutImage[],
): Promise<Store> {
  const config = await stockConfig(stage);
  await mkdir(work, { recursive: true });
  await prepareChroot(stage, work);
  try {
    const dockerd = await Dockerd.start(stage, daemon.program, job.env, config);
    try {
      const info = await dockerd.api.info();
      progress(`${daemon.program} ${info.ServerVersion}, store ${info.Driver}`);
      const store = pickStore(info, work);
      await load(dockerd, images);
      return store;
    } finally {
      await dockerd.stop();
    }
  } finally {
    await releaseChroot(stage);
  }
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
    throw explainLoad(error, dockerd.log, images);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function explainLoad(error: unknown, log: readonly string[], images: readonly LayoutImage[]): LarderError {
  const message = error instanceof Error ? error.message : String(error);
  const full = explainFullDisk([message, ...log].join("\n"), images);
  return (
    full ?? new LarderError(`the stage's container manager refused the images: ${message}`, { cause: error })
  );
}

function explainFullDisk(words: string, images: readonly LayoutImage[]): LarderError | undefined {
  if (!/no space left on device|ENOSPC|disk quota exceeded/i.test(words)) return undefined;
  return new LarderError(
    `no space left on device: the images are ${formatBytes(archiveSize(images))} compressed, and the step needs about ` +
      "eight times that for a while where BuildKit keeps its state",
  );
}

async function splitLayers(job: StockJob, store: Store): Promise<void> {
  for (const [k, diffIds] of job.layers.entries()) {
    const output = mount.layer(k);
    await mkdir(output, { recursive: true });
    for (const diffId of diffIds) await writeLayerFolder(await store.layer(diffId), output);
  }
}
