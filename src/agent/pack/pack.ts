import { constants } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { parseConfig } from "../../image/config.js";
import { digestOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import type { Descriptor, Manifest } from "../../image/manifest.js";
import { blobFile, finishLayout } from "../../image/oci-layout.js";
import { mount, type PackAnswer, type PackJob, type Places, packAnswer } from "../job.js";
import { readManifest } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import { canonicalJson, imageConfig } from "./image-config.js";
import { layerTar, mtimeOf } from "./layer-tar.js";
import { formatManifest, mediaTypesOf } from "./manifest.js";
import { findChanges } from "./tree-changes.js";
import { type WrittenLayer, writeLayer } from "./write-layer.js";

/** The places in a pack step that are read or written. */
export type PackPlaces = Pick<Places, "layout" | "configFile" | "input" | "packTree">;

/**
 * Makes an image of a stage: the layers of its base, unchanged from their registry, and one for each step. A step
 * without changes gets a layer, too, as in `docker build`.
 */
export async function pack(job: PackJob, places: PackPlaces = mount, say = progress): Promise<void> {
  const { layout, configFile } = places;
  const { platform } = job;
  await mkdir(`${layout}/blobs/sha256`, { recursive: true });
  const base = job.base && (await copyBase(job.base, places));
  const types = mediaTypesOf(base);
  const own = await packSteps(job, places, (layer, position) =>
    say(`layer ${(base?.layers.length ?? 0) + position} ${layer.diffId} ${formatBytes(layer.size)}`),
  );
  const layers: Descriptor[] = [
    ...(base?.layers ?? []),
    ...own.layers.map(({ digest, size }) => ({ mediaType: types.layer, digest, size })),
  ];
  const diffIds = [...(job.base?.diffIds ?? []), ...own.layers.map(({ diffId }) => diffId)];
  const created = job.created === undefined ? own.newest : BigInt(job.created);
  const stage = parseConfig(await readFile(configFile));
  const config = canonicalJson(imageConfig(stage, { platform, diffIds, created }));
  await writeFile(blobFile(layout, digestOf(config)), config);
  const manifest = formatManifest(types, config, layers);
  const reference = { ...job.reference, digest: digestOf(manifest) };
  const answer: PackAnswer = { image: { reference, platform, imageId: digestOf(config), diffIds } };
  await writeFile(`${layout}/${packAnswer}`, `${JSON.stringify(answer)}\n`);
  await finishLayout(layout, manifest);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  say(`${layers.length} layers, ${formatBytes(total)}`);
}

interface PackedSteps {
  readonly layers: readonly WrittenLayer[];
  /** The newest time of a file in these layers, in seconds; absent if they have none. */
  readonly newest: bigint | undefined;
}

async function packSteps(
  job: PackJob,
  places: PackPlaces,
  onLayer: (layer: WrittenLayer, position: number) => void,
): Promise<PackedSteps> {
  const layers: WrittenLayer[] = [];
  let newest: bigint | undefined;
  for (let i = job.base ? 1 : 0; i < job.trees; i++) {
    const tree = places.packTree(i);
    const changes = await findChanges(i > 0 ? places.packTree(i - 1) : undefined, tree);
    const layer = await writeLayer(places.layout, layerTar(tree, changes));
    onLayer(layer, layers.push(layer));
    for (const change of changes) {
      const time = change.kind === "present" ? mtimeOf(change) : undefined;
      if (time !== undefined && (newest === undefined || time > newest)) newest = time;
    }
  }
  return { layers, newest };
}

/** Copies the blobs of the base's layers into the layout. @returns the base's manifest. */
async function copyBase(base: InnerImage, { input, layout }: PackPlaces): Promise<Manifest> {
  const { manifest } = await readManifest(input(0), base);
  if (manifest.layers.length !== base.diffIds.length) {
    throw new LarderError(
      `its base ${base.imageId} has ${manifest.layers.length} layers, but ${base.diffIds.length} in its config: push the base again`,
    );
  }
  for (const { digest } of manifest.layers) {
    await copyFile(blobFile(input(0), digest), blobFile(layout, digest), constants.COPYFILE_FICLONE);
  }
  return manifest;
}
