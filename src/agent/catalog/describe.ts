/** The catalogs of all stores from the records of layers. */
import { readFile } from "node:fs/promises";
import { type Digest, hexOf } from "../../image/digest.js";
import { onShelf } from "../../shelf/paths.js";
import { formatDatabases } from "../../stores/containerd/databases.js";
import type { ContainerdOptions } from "../../stores/containerd/describe.js";
import { readModel as readContainerdModel } from "../../stores/containerd/model.js";
import { containerd } from "../../stores/containerd/store.js";
import { contentDirectory } from "../../stores/containerd/tree.js";
import { layerBlobs } from "../../stores/containerd/write.js";
import { readModel as readOverlay2Model } from "../../stores/overlay2/model.js";
import { overlay2 } from "../../stores/overlay2/store.js";
import { readModel as readPodmanModel } from "../../stores/podman/model.js";
import { podman } from "../../stores/podman/store.js";
import { readTarFacts } from "../../stores/podman/tar-facts.js";
import type { DescribedImage } from "../../stores/store.js";
import type { LayoutImage } from "../layout-image.js";
import type { DescribedStore } from "./described-store.js";
import type { LayerRecords } from "./layer-records.js";

export interface DescribeInputs {
  readonly images: readonly LayoutImage[];
  readonly records: LayerRecords;
  /** `/usr/lib/larder` of the stage. */
  readonly shelf: string;
  /** A directory on a file system that takes devices (not overlayfs). */
  readonly scratch: string;
}

/** Docker's graph driver: its files follow from the records. */
export async function describeForOverlay2(inputs: DescribeInputs): Promise<DescribedStore> {
  const { images, records, shelf, scratch } = inputs;
  const earlier = await readOverlay2Model(shelf);
  const model = overlay2.describe(await withFacts(inputs), earlier);
  const tarSplits = new Map<string, string>();
  for (const [chainId, { diffId }] of Object.entries(model.layers)) {
    if (!earlier.layers[chainId]) tarSplits.set(chainId, (await records.record(diffId)).tarSplitFile);
  }
  return {
    store: "overlay2",
    // Docker has the layers' files, and makes tars of them when necessary.
    layerBlobs: [],
    catalog: () =>
      overlay2.write(model, {
        images,
        earlier,
        layers: records,
        tarSplitFile: (chainId) => tarSplits.get(chainId) ?? "",
        scratch,
      }),
  };
}

/** containers-storage: its files follow from the records, too. */
export async function describeForPodman(inputs: DescribeInputs): Promise<DescribedStore> {
  const { images, records, shelf, scratch } = inputs;
  const earlier = await readPodmanModel(shelf);
  const described = await withFacts(inputs);
  const diffIds = [...new Set(images.flatMap((image) => image.diffIds))];
  const tars = await Promise.all(
    diffIds.map(async (diffId) => {
      const { tarSplitFile } = await records.record(diffId);
      return { diffId, tarSplitFile, facts: await readTarFacts(tarSplitFile) };
    }),
  );
  const facts = new Map(tars.map((tar) => [tar.diffId, tar.facts]));
  const files = new Map(tars.map((tar) => [tar.diffId, tar.tarSplitFile]));
  const model = podman.describe(described, earlier, facts);
  return {
    store: "podman",
    // As with Docker's graph driver, Podman makes tars of the files.
    layerBlobs: [],
    catalog: () =>
      podman.write(model, {
        images,
        earlier,
        layers: records,
        tarSplitFile: (chainId) => files.get(model.layers[chainId]?.diffId ?? "") ?? "",
        scratch,
      }),
  };
}

/** A containerd: Larder writes its databases, too. */
export async function describeForContainerd(
  inputs: DescribeInputs,
  options: ContainerdOptions,
): Promise<DescribedStore> {
  const { images, records, shelf, scratch } = inputs;
  const earlier = await readContainerdModel(shelf);
  const model = containerd.describe(await withFacts(inputs), earlier, options);
  const documents = new Map<Digest, Buffer>(
    images.flatMap(({ imageId, config, manifestDigest, manifestBytes, reference, target }) => [
      [imageId, config],
      [manifestDigest, manifestBytes],
      [reference.digest, target],
    ]),
  );
  return {
    store: "containerd",
    namespace: options.namespace,
    layerBlobs: layerBlobs(model),
    catalog: async () => {
      const usage = new Map<string, Awaited<ReturnType<LayerRecords["usage"]>>>();
      for (const { diffId } of model.snapshots) {
        if (!usage.has(diffId)) usage.set(diffId, await records.usage(diffId));
      }
      const databases = formatDatabases(
        model,
        (diffId) => usage.get(diffId) ?? { bytes: 0, inodes: 0 },
        written,
      );
      return containerd.write(model, {
        database: async (name) => databases[name],
        blob: async (digest) => documents.get(digest) ?? readFile(earlierBlob(shelf, digest)),
        layers: records,
        scratch,
      });
    },
  };
}

/** The time of all entries in the databases: the same images give the same bytes on any day. */
const written = new Date(0);

function earlierBlob(shelf: string, digest: Digest): string {
  return `${shelf}/${onShelf.catalog("containerd")}/root/${contentDirectory}/blobs/sha256/${hexOf(digest)}`;
}

async function withFacts({ images, records }: DescribeInputs): Promise<DescribedImage[]> {
  return Promise.all(images.map(async (image) => ({ ...image, layers: await records.facts(image.diffIds) })));
}
