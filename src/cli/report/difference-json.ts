import type { Difference } from "./difference.js";
import { totalJson } from "./json.js";

/** The JSON of `larder diff` (docs/diff.md). `null` stands for what is not known. */
export function differenceJson({ from, to, inner, layers, gone, transfers }: Difference) {
  return {
    version: 1,
    from: { name: from.outer.name, digest: from.outer.digest ?? null },
    to: { name: to.outer.name, digest: to.outer.digest ?? null },
    innerImages: inner.map(({ name, change, ...digests }) => ({
      name,
      change,
      from: digests.from ?? null,
      to: digests.to ?? null,
    })),
    layers: layers.map(({ layer, change }) => ({
      diffId: layer.diffId,
      digest: layer.digest ?? null,
      compressed: layer.compressed ?? null,
      change,
    })),
    gone: gone.map(({ diffId, digest }) => ({ diffId, digest: digest ?? null })),
    transfers: {
      containerd: totalJson(transfers.containerd),
      graphDriver: totalJson(transfers.graphDriver),
    },
  };
}
