/** Turns the failure of a build step into a sentence for the user. */
import { type ErrorReport, errorReport, reportingMount } from "../../agent/job.js";
import { LarderError } from "../../error.js";
import type { Bridge } from "../../gateway/bridge.js";
import { type FailedSolve, failedSolve } from "../../gateway/details.js";
import type { Digest } from "../../image/digest.js";
import type { Step } from "./agent-step.js";
import { sandboxCanMount, securityArgument, viaArgument } from "./privilege.js";

/** Does work that runs some of these steps. @throws LarderError with the step's own reason, if one of them fails. */
export async function withReasons<Value>(
  bridge: Bridge,
  steps: readonly Step[],
  run: () => Promise<Value>,
): Promise<Value> {
  try {
    return await run();
  } catch (thrown) {
    throw await explainFailure(bridge, thrown, steps);
  }
}

/** The error itself, unless it is about one of PRELOAD's own steps. */
export async function explainFailure(
  bridge: Bridge,
  thrown: unknown,
  steps: readonly Step[],
): Promise<LarderError> {
  const error = LarderError.from(thrown);
  const stock = steps.find(({ kind }) => kind === "stock");
  if (stock && /security\.insecure is not allowed/.test(error.message)) {
    return sandboxCanMount() ? needlessPrivilege(error, stock) : refusedPrivilege(error, stock);
  }
  const onHost = steps.find(({ network }) => network === "host");
  if (onHost && /network\.host is not allowed/.test(error.message)) {
    return onHost.security === "sysbox" ? unsharedNetwork(error, onHost) : refusedNetwork(error, onHost);
  }
  const solve = failedSolve(error);
  for (const step of steps) {
    const unfetched = step.blobs?.find((digest) => isSourceOf(solve, digest));
    if (unfetched !== undefined) return explainBlob(error, step, unfetched);
  }
  const env = solve?.op?.exec?.meta?.env ?? [];
  const step = steps.find(({ job }) => env.includes(job));
  if (!solve || !step) return error;
  const report =
    (await readReport(bridge, solve, step)) ?? (isFullDisk(error.message) ? fullDisk : undefined);
  // sysbox-runc gives the reason why it does not start a step only in the step's log.
  if (!report && step.network === "host" && step.security === "sysbox") return unsharedNetwork(error, step);
  if (!report && step.security === "insecure" && sandboxCanMount()) return needlessPrivilege(error, step);
  const why = report
    ? explainReport(report, step)
    : `the step broke off without a word (${error.message}); its log is above`;
  // A step with one image can only fail because of that image.
  const culprit = step.images.length === 1 ? step.images[0] : step.images[report?.image ?? -1];
  const { subject, lines } = culprit ?? step;
  return new LarderError(`PRELOAD: ${subject}: ${why}`, { lines, cause: error });
}

/** Does the failed op give this blob? */
function isSourceOf(solve: FailedSolve | undefined, digest: string): boolean {
  return solve?.op?.source?.identifier?.endsWith(`@${digest}`) ?? false;
}

/** A newer BuildKit checks blobs itself. With an older one, the step that unpacks the layer does so. */
function explainBlob(cause: LarderError, { images, subject, lines }: Step, blob: Digest): LarderError {
  const [first] = images;
  const why = /digest mismatch/.test(cause.message)
    ? `its layer ${blob} is corrupt in the registry: push the image again (${cause.message})`
    : `its layer ${blob} could not be fetched: ${cause.message}`;
  const message = `PRELOAD: ${first?.subject ?? subject}: ${why}`;
  return new LarderError(message, { lines: first?.lines ?? lines, cause });
}

function explainReport({ message, unreachable }: ErrorReport, { mirrored, network }: Step): string {
  if (unreachable && network === "none") return `${message}; leave out --network=none`;
  return unreachable && mirrored !== undefined
    ? `${message}; to take it from a mirror that can be reached, write ${mirrored}`
    : message;
}

const fullDisk: ErrorReport = {
  message: "no space left on device: make room where BuildKit keeps its state",
};

function isFullDisk(message: string): boolean {
  return /no space left on device/i.test(message);
}

/** Only a container can show the mounts of a failed step. The step's own root has the necessary programs. */
async function readReport(bridge: Bridge, solve: FailedSolve, step: Step): Promise<ErrorReport | undefined> {
  const dests = solve.op?.exec?.mounts?.map(({ dest }) => dest) ?? [];
  const mounted = (dest: string): string | undefined => solve.mountIDs?.[dests.indexOf(dest)];
  const reports = reportingMount[step.kind];
  const [root, reporting] = [mounted("/"), mounted(reports)];
  if (!root || !reporting) return undefined;
  const mounts = [
    { dest: "/", resultID: root },
    { dest: reports, resultID: reporting },
  ];
  try {
    const text = await bridge.containerOutput({
      args: ["/bin/cat", `${reports}/${errorReport}`],
      mounts,
    });
    return JSON.parse(text.toString("utf8")) as ErrorReport;
  } catch (error) {
    if (isFullDisk(String(error))) return fullDisk;
    // The step died before it wrote a report, so there is only its exit status.
    return undefined;
  }
}

function refusedPrivilege(cause: LarderError, { subject, lines }: Step): LarderError {
  const message =
    `PRELOAD: ${subject}: the build may not mount file systems, which the inner daemon needs with --via=daemon; leave that ` +
    `out or say --via=direct (${viaArgument}=direct), which needs no privilege; or else ` +
    "build with --allow security.insecure (bake: entitlements in the target, too) on a builder that permits it " +
    '(Docker: {"builder":{"entitlements":{"security-insecure":true}}} in daemon.json; ' +
    'buildkitd: insecure-entitlements = ["security.insecure"] in buildkitd.toml), or make sysbox-runc the ' +
    "runtime of Docker's build steps (DOCKER_BUILDKIT_RUNC_COMMAND=sysbox-runc in dockerd's environment)";
  return new LarderError(message, { lines, cause });
}

function needlessPrivilege(cause: LarderError, { subject, lines }: Step): LarderError {
  const message =
    `PRELOAD: ${subject}: this builder runs steps under sysbox-runc, which does not know security.insecure; its steps may ` +
    `mount file systems as they are: leave out --build-arg ${securityArgument}=insecure and --allow security.insecure`;
  return new LarderError(message, { lines, cause });
}

function unsharedNetwork(cause: LarderError, { subject, lines }: Step): LarderError {
  const message =
    `PRELOAD: ${subject}: it is fetched on the builder's own network (--network=host, or a registry on a loopback address), ` +
    "and this builder runs steps under sysbox-runc, which does not share that network; leave out --network=host, and name " +
    "the registry by an address that a container on the builder reaches";
  return new LarderError(message, { lines, cause });
}

function refusedNetwork(cause: LarderError, { subject, lines }: Step): LarderError {
  const message =
    `PRELOAD: ${subject}: it is fetched on the builder's own network ` +
    "(--network=host, or a registry on a loopback address); build with --allow network.host";
  return new LarderError(message, { lines, cause });
}
