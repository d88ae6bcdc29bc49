/** Puts inner images into a containerd: the daemon writes its own databases, and unpacks each layer once. */
import { createReadStream } from "node:fs";
import { lstat, mkdir, rmdir, symlink } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { run } from "../../files/tool.js";
import type { Mount } from "../../gen/containerd/types.js";
import { type ChainLink, chainOf } from "../../image/chain.js";
import { type DiffId, hexOf } from "../../image/digest.js";
import type { Descriptor } from "../../image/manifest.js";
import { blobFile } from "../../image/oci-layout.js";
import type { UnpackedLayer } from "../../shelf/layer-folder.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import {
  type ContainerdOptions,
  describeImage,
  layerBlob,
  metadataBlobs,
} from "../../stores/containerd/describe.js";
import {
  type CatalogSnapshot,
  type ContainerdModel,
  mergeModels,
  snapshotsByName,
} from "../../stores/containerd/model.js";
import { contentDirectory, snapshotsDirectory } from "../../stores/containerd/tree.js";
import type { LayerFacts } from "../../stores/store.js";
import type { LayoutImage } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import { aboutImage } from "../step-error.js";
import type { Containerd } from "./client.js";
import { type LayerTar, readLayerTar } from "./read-layer-tar.js";

export interface ContainerdPlaces {
  /** containerd's root, as this process sees it and as containerd sees it. */
  readonly root: string;
  readonly rootOfDaemon: string;
  /** The daemon's `/`, as this process sees it. */
  readonly stage: string;
  /** The daemon's path to the layouts: it finds `/in/0` at `<inputsOfDaemon>/in/0`. */
  readonly inputsOfDaemon: string;
}

export interface TakenIn {
  /** The whole content of containerd, with the numbers of its snapshots. */
  readonly model: ContainerdModel;
  /** The layers that containerd unpacked in this run. */
  readonly layers: ReadonlyMap<DiffId, UnpackedLayer>;
}

/**
 * Adds blobs, snapshots and names of the images. The garbage collection spares them all, even without a lease.
 * @param earlier The content that containerd has already.
 */
export async function takeIn(
  containerd: Containerd,
  images: readonly LayoutImage[],
  places: ContainerdPlaces,
  options: ContainerdOptions,
  earlier: ContainerdModel,
): Promise<TakenIn> {
  const intake = new Intake(containerd, places, options, earlier);
  for (const [index, image] of images.entries()) await aboutImage(index, () => intake.image(image));
  return { model: intake.model, layers: intake.layers };
}

/** One call of `takeIn`, with its knowledge of containerd. */
class Intake {
  readonly layers = new Map<DiffId, UnpackedLayer>();
  /** The content of containerd so far. */
  model: ContainerdModel;
  readonly #containerd: Containerd;
  readonly #places: ContainerdPlaces;
  readonly #options: ContainerdOptions;
  readonly #tars = new Map<DiffId, LayerTar>();

  constructor(
    containerd: Containerd,
    places: ContainerdPlaces,
    options: ContainerdOptions,
    earlier: ContainerdModel,
  ) {
    this.#containerd = containerd;
    this.#places = places;
    this.#options = options;
    this.model = earlier;
  }

  async image(image: LayoutImage): Promise<void> {
    const { namespace, layerBlobs } = this.#options;
    const knowsBlobs = layerBlobs !== "none";
    if (image.manifest.layers.length < image.diffIds.length)
      throw new LarderError(`the manifest of ${image.imageId} has fewer layers than its config`);
    const layers = await this.#layerFacts(image);
    const added = describeImage({ ...image, layers }, this.model, this.#options);
    const snapshots = snapshotsByName(added, namespace);
    const made: CatalogSnapshot[] = [];
    for (const [index, link] of chainOf(image.diffIds).entries()) {
      const snapshot = snapshots.get(link.chainId);
      // containerd unpacks a layer from its blob, even if it does not keep the blob.
      if (snapshot || knowsBlobs) await this.#layerBlob(image, index);
      if (!snapshot) continue;
      const below = snapshots.get(snapshot.parent ?? "");
      if (below?.holds === "whiteouts") made.push(await this.#commitEmpty(below));
      const isRepeated = image.diffIds.indexOf(link.diffId) < index;
      made.push(await this.#unpack(image.manifest.layers[index], snapshot, link, isRepeated));
    }
    for (const { digest, content, labels } of metadataBlobs(image, knowsBlobs)) {
      await this.#containerd.write({ digest, size: content.length, labels }, async function* () {
        yield content;
      });
    }
    for (const { name, target, labels } of added.images) {
      const { mediaType: media_type, digest, size } = target;
      await this.#containerd.setImage(name, { media_type, digest, size }, labels);
    }
    this.model = mergeModels(this.model, { ...added, snapshots: made });
  }

  /** Facts of the layers that containerd does not have yet, from their tars. */
  async #layerFacts({ layout, manifest, diffIds }: LayoutImage): Promise<(LayerFacts | undefined)[]> {
    const present = snapshotsByName(this.model, this.#options.namespace);
    const facts: (LayerFacts | undefined)[] = [];
    for (const [index, { chainId, diffId }] of chainOf(diffIds).entries()) {
      const layer = manifest.layers[index];
      if (present.has(chainId) || !layer) {
        facts.push(undefined);
        continue;
      }
      const tar = this.#tars.get(diffId) ?? (await readTar(layout, layer));
      this.#tars.set(diffId, tar);
      facts.push({ hides: tar.whiteouts.length > 0, hasXattrs: tar.hasXattrs });
    }
    return facts;
  }

  async #layerBlob(image: LayoutImage, index: number): Promise<void> {
    const { digest, size, labels } = layerBlob(image, index);
    const file = blobFile(image.layout, digest);
    const blobs = `${this.#places.root}/${contentDirectory}/blobs/sha256`;
    await mkdir(blobs, { recursive: true });
    // The content store accepts a file that is in its place already, so no byte is copied.
    await symlink(this.#places.inputsOfDaemon + file, `${blobs}/${hexOf(digest)}`).catch(ignoreExisting);
    const data = () => createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    await this.#containerd.write({ digest, size, labels }, data);
  }

  async #commitEmpty(snapshot: CatalogSnapshot): Promise<CatalogSnapshot> {
    const { name, parent } = snapshot;
    const mounts = await this.#containerd.prepare(keyOf(name), parent ?? "");
    await this.#containerd.commit(name, keyOf(name));
    return { ...snapshot, id: idOf(mounts) };
  }

  /** @param isRepeated The chain has the same layer further down. */
  async #unpack(
    layer: Descriptor | undefined,
    snapshot: CatalogSnapshot,
    { diffId, chainId }: ChainLink,
    isRepeated: boolean,
  ): Promise<CatalogSnapshot> {
    const known = isRepeated ? undefined : await this.#unpackedBefore(diffId);
    const mounts = await this.#containerd.prepare(keyOf(chainId), snapshot.parent ?? "");
    const id = idOf(mounts);
    if (known !== undefined) await this.#adopt(known, id, chainId);
    else if (layer) await this.#apply(layer, diffId, chainId, mounts);
    return { ...snapshot, id };
  }

  async #apply(
    { mediaType: media_type, digest, size }: Descriptor,
    diffId: DiffId,
    chainId: string,
    mounts: readonly Mount[],
  ): Promise<void> {
    const applied = await this.#containerd.apply({ media_type, digest, size }, mounts);
    if (applied !== diffId) {
      throw new LarderError(
        `its layer ${digest} unpacks to ${applied}, not to ${diffId}: push the image again`,
      );
    }
    await this.#containerd.commit(chainId, keyOf(chainId));
    const { implied = [], whiteouts = [] } = this.#tars.get(diffId) ?? {};
    const directory = `${this.#places.root}/${directoryOf(idOf(mounts))}`;
    this.layers.set(diffId, { diffId, directory, implied, whiteouts });
    progress(`unpacked layer ${this.layers.size} ${diffId} ${formatBytes(size)}`);
  }

  /**
   * The files of a layer that containerd has in another chain, or that is on the stage's shelf, as the daemon sees
   * them.
   */
  async #unpackedBefore(diffId: DiffId): Promise<string | undefined> {
    const { root, rootOfDaemon, stage } = this.#places;
    const here = this.layers.get(diffId)?.directory;
    if (here !== undefined) return rootOfDaemon + here.slice(root.length);
    const shelved = `/${shelf}/${onShelf.layerFiles(diffId)}`;
    return (await lstat(stage + shelved).catch(() => undefined)) ? shelved : undefined;
  }

  /** Binds the files while the daemon counts them; afterwards a link takes their place. */
  async #adopt(files: string, id: number, name: string): Promise<void> {
    const { stage, rootOfDaemon } = this.#places;
    const directory = `${stage}${rootOfDaemon}/${directoryOf(id)}`;
    await run("mount", ["--bind", stage + files, directory]);
    await this.#containerd.commit(name, keyOf(name)).finally(() => run("umount", [directory]));
    await rmdir(directory);
    await symlink(files, directory);
  }
}

async function readTar(layout: string, { digest, mediaType }: Descriptor): Promise<LayerTar> {
  try {
    return await readLayerTar(blobFile(layout, digest), mediaType);
  } catch (cause) {
    const [why] = (cause as Error).message.split("\n");
    throw new LarderError(`its layer ${digest} is no tar that can be read (${why})`, { cause });
  }
}

/** The name of a snapshot before it is committed. */
function keyOf(name: string): string {
  return `larder-${name}`;
}

function directoryOf(id: number): string {
  return `${snapshotsDirectory}/${id}/fs`;
}

/** The number of a snapshot's directory, which the daemon gives only in its mounts. */
function idOf(mounts: readonly Mount[]): number {
  const paths = mounts.flatMap(({ source, options }) => [source, ...options]);
  const id = paths.map((path) => /^(?:upperdir=)?\/.*\/snapshots\/(\d+)\/fs$/.exec(path)?.[1]).find(Boolean);
  if (id === undefined)
    throw new Error(`no directory in the mounts of a snapshot: ${JSON.stringify(mounts)}`);
  return Number(id);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
