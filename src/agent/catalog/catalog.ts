/** Describes images to the stage's container manager without it: nothing of the stage is run. */
import { lstat, mkdir } from "node:fs/promises";
import { unpackDirectories } from "../../files/tree.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { readPreload } from "../../shelf/preload-file.js";
import { dockersNamespace, plainNamespace } from "../../stores/containerd/labels.js";
import { storeNames } from "../../stores/table.js";
import { changedShelf, digestOfTree } from "../compare-shelf.js";
import { type CatalogJob, mount, type Places } from "../job.js";
import { type LayoutImage, readLayoutImage } from "../layout-image.js";
import { pathOf } from "../stage-path.js";
import { aboutImage } from "../step-error.js";
import { type Survey, surveyStage } from "../survey/survey.js";
import { catalogFiles } from "./catalog-files.js";
import { describeForContainerd, describeForOverlay2, describeForPodman } from "./describe.js";
import type { DescribedStore } from "./described-store.js";
import { LayerRecords } from "./layer-records.js";
import { checkShelfDirectories, packExisting } from "./stage-directories.js";

export type CatalogPlaces = Pick<
  Places,
  "stageCopy" | "documents" | "recordOf" | "layerOf" | "work" | "catalog"
>;

export async function writeCatalog(job: CatalogJob, places: CatalogPlaces = mount): Promise<void> {
  const { stageCopy: stage } = places;
  await checkShelfDirectories(stage);
  const earlier = await readPreload(`${stage}/${shelf}`, storeNames);
  const survey = await surveyStage(stage, job.env, job);
  const existing = await packExisting(stage, pathOf(job.env));
  await checkShelf(job, places);
  const read = job.images.map((image, i) => aboutImage(i, () => readLayoutImage(image, places.documents)));
  const images = await Promise.all(read);
  const records = new LayerRecords(job.layers, places, `${stage}/${shelf}`);
  const described: DescribedStore[] = [];
  for (const store of survey.stores)
    described.push(await describeFor(store, job, images, records, survey, places));
  const files = await catalogFiles({
    stage,
    env: job.env,
    named: job.images,
    images,
    described,
    manager: survey.manager,
    // A root is that of k3s or RKE2, which have no containerd in PATH.
    comesLater: survey.daemon === undefined && job.root === undefined,
    dockerVersion: survey.dockerVersion,
    root: job.root,
    earlier,
  });
  await files.write(places.catalog);
  await unpackDirectories(existing, places.catalog, files.directories());
}

async function describeFor(
  store: Survey["stores"][number],
  job: CatalogJob,
  images: readonly LayoutImage[],
  records: LayerRecords,
  { manager, stores: [primary] }: Survey,
  { stageCopy, work }: CatalogPlaces,
): Promise<DescribedStore> {
  const scratch = `${work}/${store}`;
  await mkdir(scratch, { recursive: true });
  const inputs = { images, records, shelf: `${stageCopy}/${shelf}`, scratch };
  switch (store) {
    case "overlay2":
      return describeForOverlay2(inputs);
    case "podman":
      return describeForPodman(inputs);
    case "containerd": {
      const isDockers = manager === "docker";
      const without = isDockers ? "known" : "none";
      // Docker's other store gets no blobs: they would be as much again as the files.
      const keeps = job.blobs !== "never" && primary === "containerd";
      return describeForContainerd(inputs, {
        namespace: isDockers ? dockersNamespace : (job.namespace ?? plainNamespace),
        layerBlobs: keeps ? "kept" : without,
      });
    }
  }
}

/**
 * Compares layers that the stage's shelf claims to have with those of the images. The build adds no outer layer for
 * them, and lays those that it adds over the existing files.
 * @throws LarderError that names the first layer that is missing or different.
 */
async function checkShelf(
  { layers, claimed }: CatalogJob,
  { stageCopy, layerOf }: CatalogPlaces,
): Promise<void> {
  for (const [k, diffIds] of layers.entries()) {
    for (const diffId of diffIds) {
      const folder = `${shelf}/${onShelf.layer(diffId)}`;
      const isThere = (await lstat(`${stageCopy}/${folder}`).catch(() => undefined)) !== undefined;
      const isClaimed = claimed.includes(k);
      if (isThere === isClaimed && (!isThere || (await isSame(folder, layerOf(k), stageCopy)))) continue;
      const what = isClaimed
        ? isThere
          ? "has other files"
          : "is missing"
        : "is of no PRELOAD in its history";
      throw changedShelf(diffId, what, isClaimed);
    }
  }
}

async function isSame(folder: string, ...roots: readonly string[]): Promise<boolean> {
  const [expected, actual] = await Promise.all(roots.map((root) => digestOfTree(`${root}/${folder}`, false)));
  return expected === actual;
}
