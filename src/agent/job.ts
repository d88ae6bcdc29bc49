/**
 * What the frontend asks of a build step: {@link jobFile} of its mount {@link mount.job} holds one of these as JSON.
 * It is part of the step's cache key, so nothing in it may vary by chance.
 */
import type { InnerImage } from "../image/inner-image.js";
import type { Platform } from "../image/platform.js";
import type { Reference } from "../image/reference.js";
import { shelf } from "../shelf/paths.js";
import type { StoreName } from "../stores/table.js";

/** The variable of a step's environment that holds its job's digest: a step that failed is known by it. */
export const jobVariable = "LARDER_JOB";
export const jobFile = "job.json";
/** Where the frontend image keeps Larder itself. */
export const home = "/opt/larder";

/** Unprivileged, with a network: the image goes from its registry into an OCI layout. */
export interface FetchJob {
  readonly kind: "fetch";
  readonly image: InnerImage;
  /** The registry may speak plain HTTP, or HTTPS with a certificate nobody knows. */
  readonly insecure: boolean;
}

/** Unprivileged, without a network: what a stage came to becomes an image in an OCI layout. */
export interface PackJob {
  readonly kind: "pack";
  /** The name that the image is to have; without a digest. */
  readonly reference: Reference;
  readonly platform: Platform;
  /** The image whose layers are the lowest ones: input 0 is its layout and tree 0 its files. Absent: tree 0 is the first layer. */
  readonly base?: InnerImage;
  /** How many trees there are: tree i is the file system after the i-th step of the stage. */
  readonly trees: number;
  /** What `created` of the image is, in seconds; absent: the newest time of a file in the image's own layers. */
  readonly created?: number;
}

/** What the pack step found out: {@link packAnswer} of its layout. */
export interface PackAnswer {
  readonly image: InnerImage;
}

/** Privileged, without a network: the stage's own daemon takes the images in. */
export interface StockJob extends StoreTarget {
  readonly kind: "stock";
  readonly images: readonly InnerImage[];
  /** Outer layer k holds the inner layers with the diffIDs `layers[k]`. */
  readonly layers: readonly (readonly string[])[];
  /** {@link daemonVariables} of the stage's environment (`NAME=value`): its PATH says which daemon is meant. */
  readonly env: readonly string[];
  /** The stage is at {@link mount.stageCopy}, read-only: the step itself makes it writable. */
  readonly stage?: "read-only";
}

/** For whom of the stage images are; what is absent is asked of the stage. */
export interface StoreTarget {
  /** Absent: Docker where the stage has it, else containerd. */
  readonly manager?: "docker" | "containerd";
  /** Of a containerd without Docker; absent: `default`. */
  readonly namespace?: string;
  /** Where a containerd whose configuration does not say so has its root. */
  readonly root?: string;
  /** `never`: the content store need not keep the layers' blobs. */
  readonly blobs?: "never";
}

/** What the stock step found out: {@link stockAnswer} of its catalog. */
export interface StockAnswer {
  readonly store: StoreName;
  /** Blobs of layers that the store needs, and that the stage's shelf does not have yet. */
  readonly blobs: readonly NeededBlob[];
}

export interface NeededBlob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Which of the job's images has it, and as which of its layers, both from 0. */
  readonly image: number;
  readonly position: number;
}

/** Unprivileged, without a network: blobs of inner layers become outer layers. */
export interface ShelveJob {
  readonly kind: "shelve";
  /** Outer layer k holds the blobs `layers[k]`. */
  readonly layers: readonly (readonly ShelvedBlob[])[];
}

export interface ShelvedBlob {
  readonly digest: string;
  /** Which input has it. */
  readonly image: number;
}

/** Without MergeOp: one outer layer is copied onto the stage. */
export interface PlaceJob {
  readonly kind: "place";
}

/** Without MergeOp, under sysbox-runc: outer layers become archives, which BuildKit unpacks onto the stage. */
export interface ArchiveJob {
  readonly kind: "archive";
  readonly trees: number;
}

export type Job = FetchJob | PackJob | StockJob | ShelveJob | PlaceJob | ArchiveJob;

/** The variables of a stage's environment that its daemon gets in the stock step. */
export const daemonVariables = ["PATH", "DOCKER_DRIVER", "DOCKER_RAMDISK"] as const;

export function encodeJob(job: Job): Buffer {
  return Buffer.from(JSON.stringify(job));
}

/** Where a step has what it reads and writes. */
export interface Places {
  /** All: the job, read-only. */
  readonly job: string;
  /** fetch, pack: output, the OCI layout. */
  readonly layout: string;
  /** fetch: the Docker config.json with credentials, if the build has such a secret. */
  readonly auth: string;
  /** fetch: certificates in PEM that sign those of registries, if the build has such a secret. */
  readonly ca: string;
  /** stock, place: the stage, writable. */
  readonly stage: string;
  /** stock, of a read-only stage: its files, and a plain directory for what is written over them. */
  readonly stageCopy: string;
  readonly stageChanges: string;
  /** stock, shelve: input i, the OCI layout of `images[i]`; pack: input 0, that of the base. */
  input(i: number): string;
  /** stock: a plain directory for the daemon's data root; what is left there is thrown away. */
  readonly work: string;
  /** stock: output, what belongs to this PRELOAD alone. */
  readonly catalog: string;
  /** stock, shelve: output, outer layer k; archive: output, {@link archiveFile} of tree k. */
  layer(k: number): string;
  /** place: the tree to copy. */
  readonly tree: string;
  /** pack, archive: tree i, read-only. */
  packTree(i: number): string;
  /** pack: the image config as upstream gave it. */
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
  work: "/out/work",
  catalog: "/out/catalog",
  layer: (k) => `/out/layer/${k}`,
  tree: "/in/tree",
  packTree: (i) => `/in/trees/${i}`,
  config: "/in/config",
  configFile: "/in/config/config.json",
};

/** The mount in which a step that fails leaves its {@link ErrorReport}. */
export const reportingMount: Readonly<Record<Job["kind"], string>> = {
  fetch: mount.layout,
  pack: mount.layout,
  stock: mount.catalog,
  shelve: mount.layer(0),
  place: mount.stage,
  archive: mount.layer(0),
};

export const archiveFile = "layer.tar";

/** A step that fails leaves one sentence in this file of its reporting mount: the frontend puts it into the build's error. */
export const errorReport = ".larder-error.json";
export interface ErrorReport {
  /** Lower case, names the thing and the way out; the frontend puts the image and the line before it. */
  readonly message: string;
  /** Which of the job's images is at fault, from 0. */
  readonly image?: number;
  /** The image's registry cannot be reached: the frontend says how another one is named. */
  readonly unreachable?: boolean;
}

/**
 * Files with what a step found out. They are in outputs that later steps are made of: `--cache-to` exports no others,
 * and who imports such a cache would have to run the step again for its answer.
 */
export const stockAnswer = `${shelf}/answer.json`;
export const packAnswer = "answer.json";
