/** One run of the agent as LLB, with the facts that an error about it needs. */
import { encodeJob, home, type Job, jobFile, jobVariable, mount } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import type { Digest } from "../../image/digest.js";
import { digestOf } from "../../image/digest.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { copy } from "../../llb/copy.js";
import { type ExecOptions, exec, type Mount } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import type { Output } from "../../llb/state.js";
import { type Network, nameImage, type PlannedImage, type Security, type Via } from "../plan/plan.js";

/** A step, as its failure needs it. */
export interface Step {
  readonly kind: Job["kind"];
  /** The variable of the step's environment that identifies a failed step: its job's digest. */
  readonly job: string;
  /** Its subject in an error: `image "redis:7"`. */
  readonly subject: string;
  /** The images of its job, in the same order. */
  readonly images: readonly AskedImage[];
  /** Digests of the blobs that it takes from the builder. */
  readonly blobs?: readonly Digest[];
  /** An instruction that names a mirror for its image. */
  readonly mirrored?: string;
  readonly network: Network;
  readonly security: Security;
  /** The lines of the user's request. */
  readonly lines: Lines;
}

/** An image of a step's job, for errors. */
export interface AskedImage {
  /** Its name in an error: `image "redis:7"`. */
  readonly subject: string;
  /** In the Dockerfile. */
  readonly lines: Lines;
}

/** One blob: a file of another vertex. */
export interface BlobFile {
  readonly from: Output;
  /** Absolute in `from`. */
  readonly path: string;
  /** The vertex depends on nothing but the blob's digest. */
  readonly isAlone: boolean;
}

/** A blob that came with others is known by its content, so that steps for the same blob of another image are one. */
export function blobMount({ from, path, isAlone }: BlobFile, dest: string): Mount {
  return { kind: "file", dest, from, path, keyedByContent: !isAlone };
}

/** Common data for the steps of a PRELOAD. */
export interface StepContext {
  /** The image of the steps. It contains node, tar, skopeo and the agent. */
  readonly larder: Output;
  readonly ignoreCache: boolean;
  /** Only for the steps with a network. */
  readonly proxies: ExecOptions["proxies"];
  /** Platform of the images, in a build for several platforms. */
  readonly platform: Platform | undefined;
  readonly via: Via;
  /** The right by which the stock step mounts. Under sysbox-runc, steps cannot see the owners of other steps' files. */
  readonly security: Security;
  /** The lines of the PRELOAD. */
  readonly lines: Lines;
}

type AgentStepOptions = Pick<ExecOptions, "name" | "network" | "proxies" | "mounts"> &
  Pick<Step, "subject" | "images" | "mirrored"> & { readonly insecure?: boolean };

/** A large job is a file: Linux limits one argument to 131,072 bytes, and the layers of some hundred images need more. */
export function agentStep(
  context: StepContext,
  job: Job,
  { name, subject, images, mirrored, insecure = false, ...options }: AgentStepOptions,
): { outputAt: (dest: string) => Output; step: Step } {
  const { larder, ignoreCache, security, lines } = context;
  const data = encodeJob(job);
  const setting = `${jobVariable}=${digestOf(data)}`;
  const about = { subject, images, ...(mirrored !== undefined && { mirrored }) };
  const isLarge = data.length > longestArgument;
  const jobMounts = (): readonly Mount[] => {
    const written = files(stepName(context, `[larder] write ${job.kind} job`), [
      { path: `/${jobFile}`, data },
    ]);
    return [{ kind: "readonly", dest: mount.job, from: written }];
  };
  const outputs = exec({
    ...options,
    name: stepName(context, name),
    insecure,
    args: ["node", `${home}/agent.mjs`, ...(isLarge ? [] : [data.toString("utf8")])],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", setting],
    // The root is an output although it is not used, since runc cannot make mount points in a read-only root.
    mounts: [{ kind: "output", dest: "/", from: larder }, ...(isLarge ? jobMounts() : []), ...options.mounts],
    ignoreCache,
  });
  return {
    outputAt: (dest) => {
      const found = outputs.get(dest);
      if (!found) throw new Error(`unreachable: no output at ${dest}`);
      return found;
    },
    step: { kind: job.kind, job: setting, ...about, network: options.network, security, lines },
  };
}

/** In bytes. */
const longestArgument = 32_000;

/** The name with the platform, in the builds in which upstream's names have it. */
export function stepName({ platform }: StepContext, name: string): string {
  return platform ? name.replace("[larder]", `[${formatPlatform(platform)} larder]`) : name;
}

/**
 * A copy of other steps' files, for a read-only mount. sysbox-runc maps the IDs of a step's binds, but not those of its
 * overlays: all files there belong to nobody, and private ones cannot be read. BuildKit's copy onto scratch is a single
 * directory, so it is bound. A writable mount would be an overlay again.
 */
export function ownTree(context: StepContext, what: string, tree: Output): Output {
  if (context.security !== "sysbox") return tree;
  return copy(stepName(context, `[larder] copy ${what} for sysbox-runc`), tree, undefined);
}

/** An error about one image names it. An error about all need not list hundreds. */
export function aboutImages(images: readonly PlannedImage[]): Pick<Step, "subject" | "images"> {
  const names = images.slice(0, namedTogether).map(({ name }) => `"${name}"`);
  const others = images.length - names.length;
  const all = `images ${names.join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
  const each = images.map(({ name, asked }) => ({
    subject: nameImage(name, asked.where),
    lines: asked.lines,
  }));
  const [only] = each;
  return { subject: images.length === 1 && only ? only.subject : all, images: each };
}

const namedTogether = 3;
