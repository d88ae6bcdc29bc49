import { readFile } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { resolveInStage } from "../stage-path.js";

/** The settings of a daemon.json that affect the storage of images. Others may clash with the step, or fail in it. */
const kept = ["storage-driver", "storage-opts", "features", "experimental"] as const;

/**
 * The settings for the daemon in the stock step: those of the image's own daemon.json that concern images.
 * @throws LarderError if it is not JSON, or moves the data root to a place that attach would not find.
 */
export async function stockConfig(stage: string): Promise<Record<string, unknown>> {
  const path = await resolveInStage(stage, "/etc/docker/daemon.json");
  const text = path === undefined ? "" : await readFile(stage + path, "utf8");
  if (text.trim() === "") return {};
  return selectSettings(parseSettings(text));
}

const wayOut = "mend it in the base image, or above PRELOAD";

function parseSettings(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LarderError(`the stage's /etc/docker/daemon.json is not JSON: ${reason}: ${wayOut}`);
  }
  throw new LarderError(`the stage's /etc/docker/daemon.json is not a JSON object: ${wayOut}`);
}

export function selectSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (settings["userns-remap"]) {
    throw new LarderError(
      "the stage's /etc/docker/daemon.json sets userns-remap, which PRELOAD does not support yet",
    );
  }
  return Object.fromEntries(kept.filter((key) => key in settings).map((key) => [key, settings[key]]));
}
