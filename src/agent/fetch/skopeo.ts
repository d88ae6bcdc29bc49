import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { LarderError } from "../../error.js";
import { toolEnvironment } from "../../store/tool.js";
import { progress } from "../report.js";
import { explainFailure, type FailureContext } from "./failures.js";

/** Pauses before a further try, in ms; skopeo's own `--retry-times` does not cover a blob that breaks off. */
const pauses = [1000, 4000];

/**
 * Runs skopeo, again if the failure may pass; each line that it prints goes to `onLine`.
 * @returns what it printed on its standard output.
 * @throws LarderError with a sentence on what is wrong with the image or its registry.
 */
export async function skopeo(
  args: readonly string[],
  context: Omit<FailureContext, "attempts">,
  onLine?: (line: string) => void,
): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const { stdout, stderr, ok } = await runOnce(args, onLine);
    if (ok) return stdout;
    const failure = explainFailure(stderr, { ...context, attempts: attempt });
    const pause = pauses[attempt - 1];
    if (!failure.transient || pause === undefined) throw new LarderError(failure.message);
    progress(`try ${attempt} of ${pauses.length + 1} failed: ${failure.message}`);
    await sleep(pause);
  }
}

async function runOnce(args: readonly string[], onLine?: (line: string) => void) {
  const child = spawn("skopeo", ["--insecure-policy", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  if (onLine) createInterface({ input: child.stdout }).on("line", onLine);
  const ended = new Promise<boolean>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });
  const [stdout, ok] = await Promise.all([buffer(child.stdout), ended]);
  return { stdout, stderr: lines.join("\n"), ok };
}
