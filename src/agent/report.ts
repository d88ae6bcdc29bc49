import { writeFile } from "node:fs/promises";
import { type ErrorReport, errorReport } from "./job.js";
import { StepError } from "./step-error.js";

/** Prints a line for the user who watches the build. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints the sentence, and leaves it where the frontend looks for it. Only LARDER_DEBUG shows stack traces. */
export async function reportError(directory: string, error: Error): Promise<void> {
  progress(`larder: ${error.message}`);
  if (process.env.LARDER_DEBUG)
    progress(String(error.cause instanceof Error ? error.cause.stack : error.stack));
  const report: ErrorReport = { message: error.message, ...(error instanceof StepError && error.facts) };
  // If the disk is full, there is only the sentence on stderr.
  await writeFile(`${directory}/${errorReport}`, `${JSON.stringify(report)}\n`).catch(() => {});
}

/** Powers of ten, as in Docker's progress: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[power]}`;
}
