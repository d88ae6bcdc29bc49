import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { toolEnvironment } from "../../files/tool.js";
import { progress } from "../report.js";
import { StepError } from "../step-error.js";
import { explainSkopeo, type Failure, type FailureContext } from "./failures.js";

/**
 * Pauses before another attempt, in ms. skopeo's own `--retry-times` would multiply them, and does not cover broken
 * blobs.
 */
const pauses = [1000, 4000];

export interface SkopeoOptions {
  /** Called for each line of the output. */
  readonly onLine?: (line: string) => void;
  /** Ends skopeo. The signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Runs skopeo, again if the failure may be temporary.
 * @returns its standard output.
 * @throws StepError with a sentence about the fault of the image or its registry.
 */
export async function skopeo(
  args: readonly string[],
  context: Omit<FailureContext, "attempts">,
  { onLine, signal }: SkopeoOptions = {},
): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const { stdout, stderr, ok } = await runOnce(args, { onLine, signal });
    if (ok) return stdout;
    signal?.throwIfAborted();
    const failure = explainSkopeo(stderr, { ...context, attempts: attempt });
    const pause = pauses[attempt - 1];
    if (!failure.transient || pause === undefined) throw toError(failure);
    progress(`try ${attempt} of ${pauses.length + 1} failed: ${failure.message}`);
    await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

function toError({ message, unreachable }: Failure): StepError {
  return new StepError(message, unreachable ? { unreachable } : {});
}

async function runOnce(
  args: readonly string[],
  { onLine, signal }: { onLine: SkopeoOptions["onLine"]; signal: SkopeoOptions["signal"] },
) {
  const child = spawn("skopeo", ["--insecure-policy", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const end = (): boolean => child.kill();
  signal?.addEventListener("abort", end);
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  if (onLine) createInterface({ input: child.stdout }).on("line", onLine);
  const ended = new Promise<boolean>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });
  const [stdout, ok] = await Promise.all([buffer(child.stdout), ended]);
  signal?.removeEventListener("abort", end);
  return { stdout, stderr: lines.join("\n"), ok };
}
