import type { SettledImage } from "./settled.js";

/** Compressed sizes in bytes by diffID, from the images' manifests. */
export function layerSizes(images: readonly (SettledImage | undefined)[]): ReadonlyMap<string, number> {
  return new Map(
    images.flatMap((one) => {
      const layers = one?.documents.manifest.layers ?? [];
      return (one?.image.diffIds ?? []).map(
        (diffId, position) => [diffId, layers[position]?.size ?? 0] as const,
      );
    }),
  );
}
