/** Inner images into a containerd: it writes its own databases, and unpacks each layer once. */
import { createReadStream } from "node:fs";
import { lstat, mkdir, rmdir, symlink } from "node:fs/promises";
import { LarderError } from "../../error.js";
import type { Mount } from "../../gen/containerd/types.js";
import { type ChainLink, chainOf, type Digest, hexOf } from "../../image/chain.js";
import { contentDirectory, snapshotsDirectory } from "../../stores/containerd/tree.js";
import {
  type CatalogSnapshot,
  type ContainerdModel,
  emptyModel,
  mergeModels,
  snapshotsByName,
} from "../../stores/containerd/model.js";
import type { UnpackedLayer } from "../../stores/store.js";
import { run } from "../../files/tool.js";
import { shelf } from "../job.js";
import { blobPath, type Descriptor, type LayoutImage } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import { aboutImage } from "../step-error.js";
import type { Containerd } from "./client.js";
import { metadataBlobs, namesOf, sourceLabel } from "./image-records.js";
import type { Labels } from "./labels.js";
import { type LayerTar, readLayerTar } from "./layer-tar.js";
import type { Blob } from "./write-blob.js";

export interface Place {
  /** containerd's root as this process sees it, and as containerd does. */
  readonly root: string;
  readonly rootOfDaemon: string;
  /** The daemon's `/`, as this process sees it. */
  readonly stage: string;
  /** Where the daemon finds the layouts: `/in/0` here is `<inputsOfDaemon>/in/0` there. */
  readonly inputsOfDaemon: string;
}

export interface TakeInOptions {
  readonly namespace: string;
  /** Whether the content store keeps the layers' blobs, or only what was unpacked of them. */
  readonly keepsBlobs: boolean;
  /** What containerd holds already. */
  readonly earlier: ContainerdModel;
}

export interface TakenIn {
  readonly model: ContainerdModel;
  readonly layers: ReadonlyMap<Digest, UnpackedLayer>;
}

/** Blobs, snapshots and names of the images; all of it is safe from the garbage collection without a lease. */
export async function takeIn(
  containerd: Containerd,
  images: readonly LayoutImage[],
  place: Place,
  options: TakeInOptions,
): Promise<TakenIn> {
  const taking = new Taking(containerd, place, options);
  for (const [index, image] of images.entries()) await aboutImage(index, () => taking.image(image));
  return { model: mergeModels(options.earlier, taking.model), layers: taking.layers };
}

/** The work in hand: what one call of `takeIn` knows of containerd while it fills it. */
class Taking {
  readonly layers = new Map<Digest, UnpackedLayer>();
  /** What has been taken in so far. */
  model: ContainerdModel = emptyModel;
  readonly #containerd: Containerd;
  readonly #place: Place;
  readonly #options: TakeInOptions;
  readonly #snapshots: Map<string, CatalogSnapshot>;

  constructor(containerd: Containerd, place: Place, options: TakeInOptions) {
    this.#containerd = containerd;
    this.#place = place;
    this.#options = options;
    this.#snapshots = new Map(snapshotsByName(options.earlier, options.namespace));
  }

  async image(image: LayoutImage): Promise<void> {
    const { namespace, keepsBlobs } = this.#options;
    for (const [index, link] of chainOf(image.diffIds).entries()) {
      const layer = image.manifest.layers[index];
      if (!layer) throw new LarderError(`the manifest of ${image.imageId} has fewer layers than its config`);
      await this.#layer(image, layer, link, image.diffIds.indexOf(link.diffId) < index);
    }
    for (const { digest, content, labels } of await metadataBlobs(image, keepsBlobs)) {
      await this.#blob({ digest, size: content.length, labels, holds: "metadata" }, async function* () {
        yield content;
      });
    }
    const images = await namesOf(image, namespace);
    for (const { name, target, labels } of images) {
      const { mediaType: media_type, digest, size } = target;
      await this.#containerd.setImage(name, { media_type, digest, size }, labels);
    }
    this.model = mergeModels(this.model, { ...emptyModel, images });
  }

  /** @param repeated The chain has the same layer further down. */
  async #layer(
    { layout, reference }: LayoutImage,
    layer: Descriptor,
    link: ChainLink,
    repeated: boolean,
  ): Promise<void> {
    const blob = blobPath(layout, layer.digest);
    const labels = { ...sourceLabel(reference), "containerd.io/uncompressed": link.diffId };
    const isNew = !this.#snapshots.has(link.chainId);
    // A layer is unpacked from its blob, even if the blob is not to stay.
    if (isNew || this.#options.keepsBlobs) await this.#layerBlob(layer, labels, blob);
    if (!isNew) return;
    const read = await readLayerTar(blob, layer.mediaType).catch((cause: Error) => {
      const [why] = cause.message.split("\n");
      throw new LarderError(`its layer ${layer.digest} is no tar that can be read (${why})`, { cause });
    });
    await this.#unpack(layer, link, read, repeated);
  }

  async #layerBlob({ digest, size }: Descriptor, labels: Labels, blob: string): Promise<void> {
    const blobs = `${this.#place.root}/${contentDirectory}/blobs/sha256`;
    await mkdir(blobs, { recursive: true });
    // The content store takes a file that is there for its own, so that no byte is copied.
    await symlink(this.#place.inputsOfDaemon + blob, `${blobs}/${hexOf(digest)}`).catch(ignoreExisting);
    const data = () => createReadStream(blob, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    await this.#blob({ digest, size, labels, holds: "layer" }, data);
  }

  async #blob(
    blob: Blob & { readonly holds: "layer" | "metadata" },
    data: () => AsyncIterable<Buffer>,
  ): Promise<void> {
    await this.#containerd.write(blob, data);
    const { namespace, keepsBlobs } = this.#options;
    if (blob.holds === "layer" && !keepsBlobs) return;
    this.model = mergeModels(this.model, { ...emptyModel, blobs: [{ namespace, ...blob }] });
  }

  /** A layer that hides something stands on a snapshot of its own for what it hides, see docs/shelf.md. */
  async #unpack(
    layer: Descriptor,
    link: ChainLink,
    { whiteouts, implied, hasXattrs: xattrs }: LayerTar,
    repeated: boolean,
  ): Promise<void> {
    const { diffId, chainId } = link;
    let parent = link.parent ?? "";
    if (whiteouts.length > 0 && parent !== "") {
      const name = `larder-whiteouts-${chainId}`;
      await this.#snapshot({ name, parent, holds: "whiteouts", diffId, xattrs: false }, () =>
        this.#containerd.commit(name, keyOf(name)),
      );
      parent = name;
    }
    const known = repeated ? undefined : await this.#unpackedBefore(diffId);
    await this.#snapshot({ name: chainId, parent, holds: "layer", diffId, xattrs }, async (mounts, id) => {
      if (known !== undefined) return this.#adopt(known, id, chainId);
      const { mediaType: media_type, digest, size } = layer;
      const applied = await this.#containerd.apply({ media_type, digest, size }, mounts);
      if (applied !== diffId) {
        throw new LarderError(
          `its layer ${digest} unpacks to ${applied}, not to ${diffId}: push the image again`,
        );
      }
      await this.#containerd.commit(chainId, keyOf(chainId));
      const directory = `${this.#place.root}/${directoryOf(id)}`;
      this.layers.set(diffId, { diffId, directory, implied, whiteouts });
      progress(`unpacked layer ${this.layers.size} ${diffId} ${formatBytes(size)}`);
    });
  }

  /** Where the daemon finds the files of a layer that it has in another chain, or that is on the stage's shelf. */
  async #unpackedBefore(diffId: Digest): Promise<string | undefined> {
    const { root, rootOfDaemon, stage } = this.#place;
    const here = this.layers.get(diffId)?.directory;
    if (here !== undefined) return rootOfDaemon + here.slice(root.length);
    const shelved = `/${shelf}/layers/${hexOf(diffId)}/fs`;
    return (await lstat(stage + shelved).catch(() => undefined)) ? shelved : undefined;
  }

  /** The files are bound while the daemon counts them, and linked from then on. */
  async #adopt(files: string, id: number, name: string): Promise<void> {
    const { stage, rootOfDaemon } = this.#place;
    const directory = `${stage}${rootOfDaemon}/${directoryOf(id)}`;
    await run("mount", ["--bind", stage + files, directory]);
    await this.#containerd.commit(name, keyOf(name)).finally(() => run("umount", [directory]));
    await rmdir(directory);
    await symlink(files, directory);
  }

  async #snapshot(
    snapshot: Omit<CatalogSnapshot, "id" | "namespace" | "parent"> & { readonly parent: string },
    fill: (mounts: readonly Mount[], id: number) => Promise<void>,
  ): Promise<void> {
    const { name, parent } = snapshot;
    const { namespace } = this.#options;
    const mounts = await this.#containerd.prepare(keyOf(name), parent);
    const id = idOf(mounts);
    await fill(mounts, id);
    const made: CatalogSnapshot = { ...snapshot, namespace, parent: parent || null, id };
    this.#snapshots.set(name, made);
    this.model = mergeModels(this.model, { ...emptyModel, snapshots: [made] });
  }
}

/** The name of a snapshot while it is being made. */
function keyOf(name: string): string {
  return `larder-${name}`;
}

function directoryOf(id: number): string {
  return `${snapshotsDirectory}/${id}/fs`;
}

/** The number of a snapshot's directory, which the daemon tells only by what is to be mounted. */
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
