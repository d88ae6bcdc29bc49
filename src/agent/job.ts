/**
 * The frontend's request to a build step: one job as JSON, the program's argument or, if it is large, {@link jobFile} of
 * the mount {@link mount.job}. It is part of the step's cache key, so nothing in it may vary by chance.
 */
import type { DiffId, Digest } from "../image/digest.js";
import type { InnerImage } from "../image/inner-image.js";
import type { Platform } from "../image/platform.js";
import type { Reference } from "../image/reference.js";
import { shelf } from "../shelf/paths.js";
import type { DockerStoreName, StoreName } from "../stores/table.js";

/** The environment variable with the digest of a step's job, by which a failed step is recognized. */
export const jobVariable = "LARDER_JOB";
export const jobFile = "job.json";
/** Larder's folder in the frontend image. */
export const home = "/opt/larder";

/** Fetches the image from its registry into a layout. Unprivileged, with a network. */
export interface FetchJob {
  readonly kind: "fetch";
  readonly image: InnerImage;
  /** The registry may speak plain HTTP, or HTTPS with an unknown certificate. */
  readonly insecure: boolean;
  /** The manifest, and the index above it, without config and layers. */
  readonly only?: "manifest";
}

/** Makes an image of a stage in a layout. Unprivileged, without a network. */
export interface PackJob {
  readonly kind: "pack";
  /** The image's new name, without a digest. */
  readonly reference: Reference;
  readonly platform: Platform;
  /**
   * The image that has the lowest layers: input 0 is its layout and tree 0 its files. Absent: tree 0 is the first
   * layer.
   */
  readonly base?: InnerImage;
  /** The number of trees. Tree i is the file system after the i-th step of the stage. */
  readonly trees: number;
  /** The image's `created` in seconds; absent: the newest time of a file in the image's own layers. */
  readonly created?: number;
}

/** The answer of the pack step: {@link packAnswer} of its layout. */
export interface PackAnswer {
  readonly image: InnerImage;
}

/** Runs the stage's own daemon, which takes the images in. Privileged, without a network. */
export interface StockJob extends StoreTarget {
  readonly kind: "stock";
  readonly images: readonly InnerImage[];
  /** Outer layer k holds the inner layers with the diffIDs `layers[k]`. */
  readonly layers: readonly (readonly string[])[];
  /** {@link daemonVariables} of the stage's environment (`NAME=value`). The daemon is found by its PATH. */
  readonly env: readonly string[];
  /** The stage is read-only at {@link mount.stageCopy}, and the step itself makes it writable. */
  readonly stage?: "read-only";
}

export type ManagerName = "docker" | "podman" | "containerd";

/** The container manager in the stage that gets the images. Absent members are found in the stage. */
export interface StoreTarget {
  /** Absent: Docker if the stage has it, else Podman, else containerd. */
  readonly manager?: ManagerName;
  /** Docker's store; absent: the one that Docker chooses. */
  readonly dockerStore?: DockerStoreName;
  /** Only for a containerd without Docker. Absent: `default`. */
  readonly namespace?: string;
  /** containerd's root, if its configuration does not name it. */
  readonly root?: string;
  /** `never`: the content store need not keep the layers' blobs. */
  readonly blobs?: "never";
}

/** Unpacks inner layers into one outer layer. Unprivileged, without a network. */
export interface UnpackJob {
  readonly kind: "unpack";
  readonly layers: readonly LayerBlob[];
}

/** An inner layer and its blob. */
export interface LayerBlob {
  readonly diffId: DiffId;
  readonly digest: Digest;
  readonly mediaType: string;
  /** No blob is given: the shelf of the stage has it, or what it takes to make the layer's tar again. */
  readonly isShelved?: true;
}

/** Describes images to the stores of the stage's container manager. Unprivileged, without a network. */
export interface CatalogJob extends StoreTarget {
  readonly kind: "catalog";
  readonly images: readonly InnerImage[];
  /** Record k is about the inner layers with the diffIDs `layers[k]`. */
  readonly layers: readonly (readonly DiffId[])[];
  /** The records whose layers are compared with those of the stage's shelf, which claims to have them. */
  readonly claimed: readonly number[];
  /** {@link daemonVariables} of the stage's environment (`NAME=value`). */
  readonly env: readonly string[];
}

/** The answer of the stock step and of the catalog step: {@link storeAnswer} of their catalog. */
export interface StoreAnswer {
  readonly manager: ManagerName;
  /** The store that the container manager uses, as the stage is. */
  readonly store: StoreName;
  /** Blobs of layers that the store needs and that the stage's shelf does not have yet. */
  readonly blobs: readonly NeededBlob[];
}

export interface NeededBlob {
  readonly digest: string;
  /** Size in bytes. */
  readonly size: number;
  /** The image of the job and its layer that have the blob, both from 0. */
  readonly image: number;
  readonly position: number;
}

/** Puts blobs of inner layers into one outer layer. Unprivileged, without a network. */
export interface ShelveJob {
  readonly kind: "shelve";
  /** Their digests. They are checked, since another Dockerfile may use this step's result. */
  readonly blobs: readonly Digest[];
}

/** Copies one outer layer onto the stage, if there is no MergeOp. */
export interface PlaceJob {
  readonly kind: "place";
}

/** Turns outer layers into archives, which BuildKit unpacks onto the stage: without MergeOp, under sysbox-runc. */
export interface ArchiveJob {
  readonly kind: "archive";
  readonly trees: number;
}

export type Job = FetchJob | PackJob | UnpackJob | CatalogJob | StockJob | ShelveJob | PlaceJob | ArchiveJob;

/** The daemon gets these variables of the stage's environment in the stock step. */
export const daemonVariables = ["PATH", "DOCKER_DRIVER", "DOCKER_RAMDISK"] as const;

/** Only the variables that a step uses: others must not make it run again. @param env `NAME=value`. */
export function daemonEnvironment(env: readonly string[]): string[] {
  return env.filter((line) => daemonVariables.some((name) => line.startsWith(`${name}=`)));
}

export function encodeJob(job: Job): Buffer {
  return Buffer.from(JSON.stringify(job));
}

/** The places in a step that are read or written. */
export interface Places {
  /** All kinds: the job, read-only. */
  readonly job: string;
  /** fetch, pack: output, the layout. */
  readonly layout: string;
  /** fetch: the Docker config.json with credentials, if the build has such a secret. */
  readonly auth: string;
  /** fetch: certificates in PEM that sign those of registries, if the build has such a secret. */
  readonly ca: string;
  /** stock, place: the stage, writable. */
  readonly stage: string;
  /** catalog, unpack of shelved layers: the stage, read-only; stock of a read-only stage: its files, and a plain directory for changes. */
  readonly stageCopy: string;
  readonly stageChanges: string;
  /** stock: input i, the layout of `images[i]`; pack: input 0, the layout of the base. */
  input(i: number): string;
  /** unpack, shelve: the i-th blob. */
  blob(i: number): string;
  /** unpack: output, the records of its layers. */
  readonly record: string;
  /** catalog: the images' configs, manifests and indexes, as blobs of a layout. */
  readonly documents: string;
  /** catalog: the k-th records, and the outer layer that was unpacked with them, if the step needs its files. */
  recordOf(k: number): string;
  layerOf(k: number): string;
  /** stock: a plain directory for the daemon's data root; catalog: for temporary files. Its content is thrown away. */
  readonly work: string;
  /** stock, catalog: output, the files of this PRELOAD alone. */
  readonly catalog: string;
  /** stock, unpack, shelve: output, outer layer k; archive: output, {@link archiveFile} of tree k. */
  layer(k: number): string;
  /** place: the tree to copy. */
  readonly tree: string;
  /** pack, archive: tree i, read-only. */
  packTree(i: number): string;
  /** pack: the image config from upstream. */
  readonly config: string;
  readonly configFile: string;
}

/** Mount points of the steps. */
export const mount: Places = {
  job: "/in/job",
  layout: "/out/layout",
  auth: "/run/secrets/larder-auth",
  ca: "/run/secrets/larder-ca",
  stage: "/stage",
  stageCopy: "/in/stage",
  stageChanges: "/out/stage",
  input: (i) => `/in/${i}`,
  blob: (i) => `/in/blobs/${i}`,
  record: "/out/record",
  documents: "/in/documents",
  recordOf: (k) => `/in/records/${k}`,
  layerOf: (k) => `/in/layers/${k}`,
  work: "/out/work",
  catalog: "/out/catalog",
  layer: (k) => `/out/layer/${k}`,
  tree: "/in/tree",
  packTree: (i) => `/in/trees/${i}`,
  config: "/in/config",
  configFile: "/in/config/config.json",
};

/** A step that fails leaves its {@link ErrorReport} in this mount. */
export const reportingMount: Readonly<Record<Job["kind"], string>> = {
  fetch: mount.layout,
  pack: mount.layout,
  unpack: mount.layer(0),
  catalog: mount.catalog,
  stock: mount.catalog,
  shelve: mount.layer(0),
  place: mount.stage,
  archive: mount.layer(0),
};

export const archiveFile = "layer.tar";

/**
 * A step that fails leaves one sentence in this file of its reporting mount. The frontend puts it into the build's
 * error.
 */
export const errorReport = ".larder-error.json";
export interface ErrorReport {
  /** In lower case, with the thing at fault and the way out. The frontend puts the image and the line before it. */
  readonly message: string;
  /** The job's image that is at fault, from 0. */
  readonly image?: number;
  /** The image's registry cannot be reached. The frontend adds how to name another one. */
  readonly unreachable?: boolean;
}

/**
 * Files with a step's answer. They are in outputs that later steps use, since `--cache-to` exports no others: a build
 * with such a cache would have to run the step again for its answer.
 */
export const storeAnswer = `${shelf}/answer.json`;
export const packAnswer = "answer.json";
