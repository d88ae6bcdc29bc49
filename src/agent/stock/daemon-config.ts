import { LarderError } from "../../error.js";
import { readDaemonJson } from "../survey/daemon-json.js";

/** The settings of a daemon.json that affect the storage of images. Others may clash with the step, or fail in it. */
const kept = ["storage-driver", "storage-opts", "features", "experimental"] as const;

/**
 * The settings for the daemon in the stock step: those of the image's own daemon.json that concern images.
 * @throws LarderError if it is not JSON, or moves the data root to a place that attach would not find.
 */
export async function stockConfig(stage: string): Promise<Record<string, unknown>> {
  return selectSettings(await readDaemonJson(stage));
}

export function selectSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (settings["userns-remap"]) {
    throw new LarderError(
      "the stage's /etc/docker/daemon.json sets userns-remap, which PRELOAD does not support yet",
    );
  }
  return Object.fromEntries(kept.filter((key) => key in settings).map((key) => [key, settings[key]]));
}
