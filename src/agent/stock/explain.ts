import { LarderError } from "../../error.js";
import type { LayoutImage } from "../layout.js";
import { formatBytes } from "../report.js";
import { archiveSize } from "./load-archive.js";

/** The daemon would not take the images. @param log its last lines. */
export function explainRefusal(
  error: unknown,
  log: readonly string[],
  images: readonly LayoutImage[],
): LarderError {
  if (error instanceof LarderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const full = explainFullDisk([message, ...log].join("\n"), images);
  return (
    full ?? new LarderError(`the stage's container manager refused the images: ${message}`, { cause: error })
  );
}

export function explainFullDisk(words: string, images: readonly LayoutImage[]): LarderError | undefined {
  if (!/no space left on device|ENOSPC|disk quota exceeded/i.test(words)) return undefined;
  return new LarderError(
    `no space left on device: the images are ${formatBytes(archiveSize(images))} compressed, and the step needs about ` +
      "eight times that for a while where BuildKit keeps its state",
  );
}
