/**
 * Steps for attach where containerd's root holds images already. attach cannot copy databases over others, so it asks
 * the daemon, through `ctr`, to add the catalog's content.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { run } from "../../files/tool.js";
import { type Digest, hexOf, sha256 } from "../../image/digest.js";
import type { CatalogImage, ContainerdModel } from "./model.js";
import { shortName, snapshotKinds } from "./tree.js";

/**
 * The file `steps`, a line for each thing to be added, in order; `-` stands for nothing:
 * ```
 * image <namespace> <name> <digest> <top snapshot> <archive in names/> <label=value>...
 * blob <namespace> <digest> <size> <short name of a layer's blob, or absent> <label=value>...
 * link|copy|whiteouts <namespace> <snapshot> <parent> <short name of the layer>
 * ```
 * Names come first, since with them the blobs are safe from the garbage collection.
 */
export function formatSteps(model: ContainerdModel): string {
  const kinds = snapshotKinds(model);
  const lines = [
    ...model.images.map((image) => [
      "image",
      image.namespace,
      image.name,
      image.target.digest,
      image.chainId ?? "-",
      archiveOf(image),
      ...formatLabels(image.labels),
    ]),
    ...model.blobs.map(({ namespace, digest, size, holds, labels }) => [
      "blob",
      namespace,
      digest,
      size,
      { layer: shortName(digest), absent: "absent", metadata: "-" }[holds],
      ...formatLabels(labels),
    ]),
    ...model.snapshots.map((snapshot) => {
      const { namespace, name, parent, diffId } = snapshot;
      return [kinds.get(snapshot) ?? "link", namespace, name, parent ?? "-", shortName(diffId)];
    }),
  ];
  return lines.map((words) => `${words.join(" ")}\n`).join("");
}

function formatLabels(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** The file in `names/`, without its suffix. */
function archiveOf({ namespace, name }: CatalogImage): string {
  return sha256(`${namespace} ${name}`).slice(0, 12);
}

/** The path of {@link packName}'s archive. */
export function nameArchive(image: CatalogImage): string {
  return `names/${archiveOf(image)}.tar`;
}

/**
 * An archive for `ctr images import`: the image's name and its blobs of metadata. Layers are not in it.
 * @param metadata Contents of the configs, manifests and indexes.
 * @param scratch A directory that does not exist yet.
 */
export async function packName(
  image: CatalogImage,
  metadata: ReadonlyMap<Digest, Buffer>,
  scratch: string,
): Promise<{ path: string; content: Buffer }> {
  const blobs = `${scratch}/blobs/sha256`;
  await mkdir(blobs, { recursive: true });
  for (const digest of image.metadata) {
    const content = metadata.get(digest);
    if (!content) throw new Error(`the catalog lacks ${digest} of ${image.name}`);
    await writeFile(`${blobs}/${hexOf(digest)}`, content);
  }
  const manifests = [{ ...image.target, annotations: { "io.containerd.image.name": image.name } }];
  await writeFile(`${scratch}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(`${scratch}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
  const names = ["oci-layout", "index.json", "blobs"];
  const content = await run("tar", [...archiveOptions, "-C", scratch, "-cf", "-", ...names]);
  await rm(scratch, { recursive: true });
  return { path: nameArchive(image), content };
}

const archiveOptions = [
  "--format=ustar",
  "--sort=name",
  "--mtime=@0",
  "--owner=0",
  "--group=0",
  "--mode=a+rX",
];
