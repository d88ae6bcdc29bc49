/** Checks the shelf of an earlier PRELOAD in the base image, since it may have been changed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { LarderError } from "../../error.js";
import { toolEnvironment } from "../../files/tool.js";
import type { DiffId } from "../../image/digest.js";
import { blobFile } from "../../image/oci-layout.js";
import { type UnpackedLayer, writeLayerFolder } from "../../shelf/layer-folder.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { readLayerTar, unpackLayerTar } from "../containerd/read-layer-tar.js";
import { progress } from "../report.js";
import type { StockPlaces } from "./places.js";
import type { Stocking } from "./taken.js";

const directories = ["usr", "usr/lib", shelf, ...onShelf.directories.map((name) => `${shelf}/${name}`)];

/**
 * The shelf is a separate outer layer: it would replace a link of the stage with a directory, and the files behind a
 * link would not be the stage's own.
 */
export async function checkShelfDirectories(stage: string): Promise<void> {
  for (const path of directories) {
    const found = await lstat(`${stage}/${path}`).catch(() => undefined);
    if (found && !found.isDirectory())
      throw new LarderError(`the stage's /${path} is not a directory, so the images have no place`);
  }
}

/**
 * Compares layers of the stage's shelf with those of the images. The build adds no outer layer for a layer that the
 * stage's image claims to hold, and lays those that it adds over the existing files.
 * @throws LarderError that names the first layer that is missing or different.
 */
export async function checkShelvedLayers(stocking: Stocking): Promise<void> {
  const { job, places } = stocking;
  const added = new Set(job.layers.flat());
  for (const diffId of new Set(job.images.flatMap(({ diffIds }) => diffIds))) {
    const folder = `${shelf}/${onShelf.layer(diffId)}`;
    const isThere = (await lstat(`${places.stage}/${folder}`).catch(() => undefined)) !== undefined;
    if (!isThere && added.has(diffId)) continue;
    if (isThere && (await isSame(stocking, diffId))) continue;
    throw new LarderError(
      `layer ${diffId} is on the shelf of the stage's base image, and its /${folder} ${isThere ? "has other files" : "is missing"}: ` +
        `it was changed after its PRELOAD; build FROM an image whose /${shelf} is as PRELOAD left it`,
    );
  }
}

/** The place of one layer at a time: the disk may not have room for all of them. */
function unpackedFromBlob({ work }: StockPlaces): string {
  return `${work}/larder-layer`;
}

/** The layer as the daemon has it, or else unpacked from its blob. It is valid until the next call. */
export async function unpackedLayer(
  { taken, images, places }: Stocking,
  diffId: DiffId,
): Promise<UnpackedLayer> {
  const found = await taken.layer(diffId);
  if (found) return found;
  const image = images.find(({ diffIds }) => diffIds.includes(diffId));
  const layer = image?.manifest.layers[image.diffIds.indexOf(diffId)];
  if (!image || !layer) throw new Error(`no image has the layer ${diffId}`);
  const blob = blobFile(image.layout, layer.digest);
  const directory = unpackedFromBlob(places);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await unpackLayerTar(blob, layer.mediaType, directory);
  const { implied, whiteouts } = await readLayerTar(blob, layer.mediaType);
  return { diffId, directory, implied, whiteouts };
}

async function isSame(stocking: Stocking, diffId: DiffId): Promise<boolean> {
  const { job, places } = stocking;
  const folder = `${shelf}/${onShelf.layer(diffId)}`;
  const own = `${places.work}/larder-own`;
  await mkdir(own);
  try {
    const layer = await unpackedLayer(stocking, diffId).catch((error: Error) => {
      // A layer with links to files of lower layers cannot be unpacked alone.
      progress(`/${folder} of the stage is taken as it is: ${error.message}`);
      return undefined;
    });
    if (!layer) return true;
    await writeLayerFolder(layer, own);
    const [expected, actual] = await Promise.all(
      [own, places.stage].map((root) => digestOfTree(`${root}/${folder}`, job.stage === "read-only")),
    );
    return expected === actual;
  } finally {
    await rm(own, { recursive: true, force: true });
    await rm(unpackedFromBlob(places), { recursive: true, force: true });
  }
}

/**
 * A digest of all facts that an image layer keeps of files: times in whole seconds, of extended attributes only
 * capabilities, and no sparseness.
 * @param userNamespace a file's capabilities look different there, from one mount to the next.
 */
async function digestOfTree(directory: string, userNamespace: boolean): Promise<string> {
  const options = [
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime,delete=mtime",
    ...(userNamespace ? [] : ["--xattrs", "--xattrs-include=security.capability"]),
  ];
  const tar = spawn("tar", [...options, "-C", directory, "-cf", "-", "."], {
    stdio: ["ignore", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const hash = createHash("sha256");
  const [words, [code]] = await Promise.all([
    text(tar.stderr),
    once(tar, "close"),
    pipeline(tar.stdout, hash),
  ]);
  if (code !== 0) throw new Error(`reading ${directory}: ${words.trim().slice(0, 500)}`);
  return hash.digest("hex");
}
