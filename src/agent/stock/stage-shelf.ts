/** Checks the shelf of an earlier PRELOAD in the base image, since it may have been changed. */
import { lstat, mkdir, rm } from "node:fs/promises";
import type { DiffId } from "../../image/digest.js";
import { blobFile } from "../../image/oci-layout.js";
import { type UnpackedLayer, writeLayerFolder } from "../../shelf/layer-folder.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { changedShelf, digestOfTree } from "../compare-shelf.js";
import { readLayerTar, unpackLayerTar } from "../containerd/read-layer-tar.js";
import { progress } from "../report.js";
import type { StockPlaces } from "./places.js";
import type { Stocking } from "./taken.js";

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
    throw changedShelf(diffId, isThere ? "has other files" : "is missing");
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
