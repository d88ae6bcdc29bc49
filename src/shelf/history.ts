/**
 * PRELOAD's entries in an image's history, one for each outer layer. They are all that the config says of the inner
 * images: names, layers and blobs. Digests and sizes are in the catalog.
 */
import type { HistoryEntry, ImageConfig } from "../image/config.js";
import type { DiffId, Digest } from "../image/digest.js";

/** The comment of these entries. */
export const historyComment = "larder";

/** Where the content of an outer layer comes from, if it is one layer of one image. Positions begin with 1. */
export interface LayerOrigin {
  /** As the build's output names it: `redis:7`. */
  readonly image: string;
  readonly position: number;
  readonly of: number;
}

/** An outer layer of the shelf. An outer layer with several inner layers names no image. */
export type ShelfLayer =
  | { readonly kind: "files"; readonly diffIds: readonly DiffId[]; readonly origin?: LayerOrigin }
  | { readonly kind: "blobs"; readonly digests: readonly Digest[]; readonly origin?: LayerOrigin }
  /** Closes a PRELOAD, whose images it lists. Its `preload.json` lists those of earlier PRELOADs, too. */
  | { readonly kind: "catalog"; readonly images: readonly string[] };

const entry =
  /^PRELOAD (?:(?<image>\S+), (?<blob>blob of )?layer (?<position>\d+) of (?<of>\d+)|\d+ small (?<group>layer|blob)s?), (?<digests>sha256:[0-9a-f]{64}(?: sha256:[0-9a-f]{64})*)$/;
const catalogEntry = /^PRELOAD (?<images>.+), catalog$/;

/** @returns undefined for an entry of another origin. */
export function parseHistoryEntry({ created_by = "", ...others }: HistoryEntry): ShelfLayer | undefined {
  if (others.comment !== historyComment || others.empty_layer) return undefined;
  const images = catalogEntry.exec(created_by)?.groups?.images;
  if (images !== undefined) return { kind: "catalog", images: images.split(" ") };
  const found = entry.exec(created_by)?.groups;
  if (!found) return undefined;
  const digests = found.digests?.split(" ") ?? [];
  const { image, blob, position, of, group } = found;
  const origin = image !== undefined && { origin: { image, position: Number(position), of: Number(of) } };
  if (blob !== undefined || group === "blob") return { kind: "blobs", digests, ...origin };
  return { kind: "files", diffIds: digests, ...origin };
}

/** The outer layers of the shelf by their index among the image's diffIDs. */
export function readHistory({ history = [], rootfs }: ImageConfig): ReadonlyMap<number, ShelfLayer> {
  const entries = history.filter(({ empty_layer }) => !empty_layer);
  // The lowest layers of an imported image may have no history.
  const first = Math.max((rootfs?.diff_ids?.length ?? 0) - entries.length, 0);
  return new Map(
    entries.flatMap((one, index) => {
      const layer = parseHistoryEntry(one);
      return layer ? [[first + index, layer] as const] : [];
    }),
  );
}
