/** One run of the agent as LLB, and what an error tells of it. */
import { encodeJob, home, type Job, jobFile, jobVariable, mount } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import { digestOf } from "../../image/digest.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { copy } from "../../llb/copy.js";
import { type ExecOptions, exec } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import type { Output } from "../../llb/state.js";
import { type Network, nameImage, type PlannedImage, type Security } from "../plan/plan.js";

/** A step as its failure is told. */
export interface Step {
  readonly kind: Job["kind"];
  /** The setting in the step's environment by which it is known when it fails: its job's digest. */
  readonly job: string;
  /** Its subject, as an error names it: `image "redis:7"`. */
  readonly subject: string;
  /** The images of its job, in the same order. */
  readonly images: readonly AskedImage[];
  /** The instruction that names a mirror for its image. */
  readonly mirrored?: string;
  readonly network: Network;
  readonly security: Security;
  /** Where the user asked for it. */
  readonly lines: Lines;
}

/** An image of a step's job, for errors. */
export interface AskedImage {
  /** As an error names it: `image "redis:7"`. */
  readonly subject: string;
  /** In the Dockerfile. */
  readonly lines: Lines;
}

/** What the steps of a PRELOAD have in common. */
export interface StepContext {
  /** The frontend image: it brings node, tar, skopeo and the agent. */
  readonly larder: Output;
  readonly ignoreCache: boolean;
  /** For the steps with a network. */
  readonly proxies: ExecOptions["proxies"];
  /** Of the images, in a build for several platforms. */
  readonly platform: Platform | undefined;
  /** How the stock step may mount; under sysbox-runc no step sees the files of other steps as they are. */
  readonly security: Security;
  /** The PRELOAD that the steps are for. */
  readonly lines: Lines;
}

type AgentStepOptions = Pick<ExecOptions, "name" | "network" | "proxies" | "mounts"> &
  Pick<Step, "subject" | "images" | "mirrored"> & { readonly insecure?: boolean };

/**
 * The job is a file: Linux ends a single environment string at 131,072 bytes, and the layers of some hundred images
 * are more.
 */
export function agentStep(
  context: StepContext,
  job: Job,
  { name, subject, images, mirrored, insecure = false, ...options }: AgentStepOptions,
): { outputAt: (dest: string) => Output; step: Step } {
  const { larder, ignoreCache, security, lines } = context;
  const data = encodeJob(job);
  const setting = `${jobVariable}=${digestOf(data)}`;
  const about = { subject, images, ...(mirrored !== undefined && { mirrored }) };
  const written = files(stepName(context, `[larder] write ${job.kind} job`), [{ path: `/${jobFile}`, data }]);
  const outputs = exec({
    ...options,
    name: stepName(context, name),
    insecure,
    args: ["node", `${home}/agent.mjs`],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", setting],
    // The root is an output although nobody wants it: runc cannot make mount points in a read-only one.
    mounts: [
      { kind: "output", dest: "/", from: larder },
      { kind: "readonly", dest: mount.job, from: written },
      ...options.mounts,
    ],
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

/** With the platform where upstream would say it, too. */
export function stepName({ platform }: StepContext, name: string): string {
  return platform ? name.replace("[larder]", `[${formatPlatform(platform)} larder]`) : name;
}

/**
 * A tree of other steps, for a read-only mount. sysbox-runc maps the IDs of a step's binds, but not those of its overlays:
 * all files there belong to nobody, and those that are not for everyone cannot be read. BuildKit's own copy onto scratch
 * is a single directory, so it is bound. A writable mount would be an overlay again.
 */
export function ownTree(context: StepContext, what: string, tree: Output): Output {
  if (context.security !== "sysbox") return tree;
  return copy(stepName(context, `[larder] copy ${what} for sysbox-runc`), tree, undefined);
}

/** A failure of one image says which; a failure of all need not list hundreds. */
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
