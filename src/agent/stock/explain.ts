import { LarderError } from "../../error.js";
import type { LayoutImage } from "../layout-image.js";
import { formatBytes, progress } from "../report.js";
import { StepError } from "../step-error.js";
import { daemonReason, isFullDisk } from "./daemon-reason.js";
import { archiveSize } from "./load-archive.js";

/** A daemon that is to take images in. */
export interface AskedDaemon {
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Tells how it ended, if it has. */
  ending(): Promise<string | undefined>;
}

/** Such errors of calls say nothing about an image: the daemon's containerd is gone, or cannot keep images. */
const brokenOff =
  /socket hang up|ECONNRE|EPIPE|connection dropped|no connection established|UNAVAILABLE|unknown service|broken pipe/i;

/** Explains why the daemon did not take the images. */
export async function explainRefusal(
  error: unknown,
  daemon: AskedDaemon,
  images: readonly LayoutImage[],
): Promise<LarderError> {
  const facts = error instanceof StepError ? error.facts : {};
  const cause = error instanceof StepError ? (error.cause ?? error) : error;
  const message = LarderError.from(cause)
    .message.trim()
    .replaceAll(/\s*\n\s*/g, ": ");
  const full = explainFullDisk([message, ...daemon.log].join("\n"), images);
  if (full) return full;
  const how = await daemon.ending();
  if (how !== undefined) {
    printLog(daemon.log);
    const why = how === "SIGKILL" ? `${how}, as where memory runs out` : how;
    return new LarderError(failureSentence(`ended while it took the images in (${why})`, daemon.log), {
      cause,
    });
  }
  if (cause instanceof LarderError) return new StepError(message, facts, error);
  if (brokenOff.test(message)) {
    printLog(daemon.log);
    return new LarderError(
      failureSentence(`broke off while it took the images in (${message})`, daemon.log),
      {
        cause,
      },
    );
  }
  const what = facts.image === undefined ? "the images" : "it";
  return new StepError(`the stage's container manager refused ${what}: ${message}`, facts, error);
}

/** @param what The daemon's fault: `did not come up (exit code 1)`. */
export function failureSentence(what: string, log: readonly string[]): string {
  const reason = daemonReason(log);
  const because = reason === undefined ? ", and does not say why" : `: ${reason}`;
  return `the stage's container manager ${what}${because}${isOfTheStage(reason) ? wayOut : ""}`;
}

const wayOut = "; mend it in the base image, or above PRELOAD";

/** Disk space, memory and the kernel's permissions are the builder's, not the stage's. */
function isOfTheStage(reason = ""): boolean {
  return (
    !isFullDisk(reason) &&
    /daemon\.json|executable file not found|shared librar|failed to run command|driver|unknown flag|Usage|iptables|TOML|containerd did not exit/i.test(
      reason,
    ) &&
    !/not supported as upperdir|operation not permitted|permission denied/i.test(reason)
  );
}

/** Prints the log into the step's output, since an error has only one line of it. */
export function printLog(log: readonly string[]): void {
  for (const line of log.slice(-printedLogLines)) progress(line);
}

const printedLogLines = 20;

export function explainFullDisk(words: string, images: readonly LayoutImage[]): LarderError | undefined {
  if (!isFullDisk(words)) return undefined;
  return new LarderError(
    `no space left on device: the images are ${formatBytes(archiveSize(images))} compressed, and the step needs about ` +
      "eight times that for a while where BuildKit keeps its state",
  );
}
