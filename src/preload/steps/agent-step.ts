/** One run of the agent as LLB. Which step a failed vertex was is kept for the error's sake. */
import { encodeJob, home, type Job, jobFile, jobVariable, mount } from "../../agent/job.js";
import type { Lines } from "../../error.js";
import { digestOf } from "../../image/digest.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { type ExecOptions, exec } from "../../llb/exec.js";
import { files } from "../../llb/file.js";
import type { Output } from "../../llb/state.js";
import type { Network } from "../directive/directive.js";
import type { Security } from "../plan/plan.js";

export interface Step {
  readonly kind: Job["kind"];
  /** The setting in the step's environment by which it is known when it fails: its job's digest. */
  readonly job: string;
  /** What it is about, as an error names it: `image "redis:7"`. */
  readonly subject: string;
  /** The images of its job, in the same order. */
  readonly images: readonly AskedImage[];
  /** The instruction that names a mirror for what is fetched. */
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
  readonly steps: Step[];
}

/**
 * The job is a file: Linux ends a single environment string at 131,072 bytes, and the layers of some hundred images
 * are more.
 */
export function agentStep(
  context: StepContext,
  job: Job,
  {
    name,
    subject,
    images,
    mirrored,
    insecure = false,
    ...options
  }: Pick<ExecOptions, "name" | "network" | "proxies" | "mounts"> &
    Pick<Step, "subject" | "images" | "mirrored"> & { insecure?: boolean },
): ReadonlyMap<string, Output> {
  const { larder, ignoreCache, security, lines, steps } = context;
  const data = encodeJob(job);
  const setting = `${jobVariable}=${digestOf(data)}`;
  const about = { subject, images, ...(mirrored !== undefined && { mirrored }) };
  steps.push({ kind: job.kind, job: setting, ...about, network: options.network, security, lines });
  const written = files(stepName(context, `[larder] write ${job.kind} job`), [{ path: `/${jobFile}`, data }]);
  return exec({
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
}

/** With the platform where the stock frontend would say it, too. */
export function stepName({ platform }: StepContext, name: string): string {
  return platform ? name.replace("[larder]", `[${formatPlatform(platform)} larder]`) : name;
}

export function outputAt(outputs: ReadonlyMap<string, Output>, dest: string): Output {
  const found = outputs.get(dest);
  if (!found) throw new Error(`unreachable: no output at ${dest}`);
  return found;
}
