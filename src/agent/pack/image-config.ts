import type { HistoryEntry, ImageConfig } from "../../image/config.js";
import type { DiffId } from "../../image/digest.js";
import type { Platform } from "../../image/platform.js";

export interface ImageFacts {
  readonly platform: Platform;
  readonly diffIds: readonly DiffId[];
  /** Seconds since 1970; absent: the time of the last step that has one. */
  readonly created: bigint | undefined;
}

/** Turns the stage's config into that of an image, with its layers and a history that fits them. */
export function imageConfig(stage: ImageConfig, { platform, diffIds, created }: ImageFacts): ImageConfig {
  const history = stage.history ?? [];
  const time = created === undefined ? lastTime(history) : formatTime(created);
  return {
    ...platform,
    ...stage,
    created: time,
    rootfs: { type: "layers", diff_ids: diffIds },
    history: reconcileHistory(history, diffIds.length).map((entry) => ({
      ...entry,
      // Upstream leaves the times of a stage's own steps to the exporter.
      created: entry.created ?? time,
    })),
  };
}

/**
 * Makes the history fit the layers: one entry for each layer, beside those of instructions that change only the config.
 * As in BuildKit's exporter, surplus entries are declared empty from the last one on, and missing ones are added at the
 * end.
 */
export function reconcileHistory(history: readonly HistoryEntry[], layers: number): HistoryEntry[] {
  let accounted = 0;
  const entries = history.map((entry): HistoryEntry => {
    if (entry.empty_layer) return entry;
    accounted += 1;
    return accounted > layers ? { ...entry, empty_layer: true } : entry;
  });
  const lacking = Math.max(layers - accounted, 0);
  return [...entries, ...Array.from({ length: lacking }, () => ({ comment: "larder" }))];
}

function lastTime(history: readonly HistoryEntry[]): string {
  return history.findLast(({ created }) => created !== undefined)?.created ?? formatTime(0n);
}

/** RFC 3339, without a fraction. */
function formatTime(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

/** JSON with the keys of each object sorted: the bytes are the image's ID. */
export function canonicalJson(value: unknown): Buffer {
  const sorted = (_key: string, part: unknown): unknown =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return Buffer.from(JSON.stringify(value, sorted));
}
