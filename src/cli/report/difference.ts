/** In what two system images differ, and what an update from one to the other transfers. */
import type { Digest } from "../../image/digest.js";
import { type Total, totalOf } from "./sharing.js";
import type { InnerImageReport, LayerReport, SystemImage } from "./system-image.js";

export type Change = "same" | "added" | "removed" | "changed" | "unknown";

export interface InnerChange {
  readonly name: string;
  /** `unknown`: both have the name, and what is known of them is not enough to compare. */
  readonly change: Change;
  readonly from?: Digest;
  readonly to?: Digest;
}

/**
 * What a host that has the first image does for a layer of the second: nothing (`kept`); it has the layer on another
 * stack, so it unpacks it again, and a graph driver, which keeps no blobs, transfers it again (`moved`); or it transfers
 * and unpacks it (`new`).
 */
export type LayerChange = "kept" | "moved" | "new";

export interface ChangedLayer {
  readonly layer: LayerReport;
  readonly change: LayerChange;
}

export interface Difference {
  readonly from: SystemImage;
  readonly to: SystemImage;
  readonly inner: readonly InnerChange[];
  /** The layers of the second image, lowest first. */
  readonly layers: readonly ChangedLayer[];
  /** Layers of the first image that the second does not have. */
  readonly gone: readonly LayerReport[];
  /** Compressed bytes. */
  readonly transfers: { readonly containerd: Total; readonly graphDriver: Total };
}

export function compareImages(from: SystemImage, to: SystemImage): Difference {
  const stacks = new Set(from.layers.map(({ chainId }) => chainId));
  const contents = new Set(from.layers.map(contentOf));
  const layers = to.layers.map((layer): ChangedLayer => {
    if (stacks.has(layer.chainId)) return { layer, change: "kept" };
    return { layer, change: contents.has(contentOf(layer)) ? "moved" : "new" };
  });
  const later = new Set(to.layers.map(contentOf));
  const of = (...changes: LayerChange[]): Total =>
    totalOf(
      layers.flatMap(({ layer, change }) => (changes.includes(change) ? [layer] : [])),
      "compressed",
    );
  return {
    from,
    to,
    inner: compareInner(from, to),
    layers,
    gone: from.layers.filter((layer) => !later.has(contentOf(layer))),
    transfers: { containerd: of("new"), graphDriver: of("new", "moved") },
  };
}

function contentOf({ diffId }: LayerReport): string {
  return diffId;
}

function compareInner(from: SystemImage, to: SystemImage): InnerChange[] {
  const names = [...new Set([...from.inner, ...to.inner].map(({ name }) => name))].sort();
  return names.map((name) => {
    const [before, after] = [from, to].map(({ inner }) => inner.find((one) => one.name === name));
    const [old, now] = [before?.details?.digest, after?.details?.digest];
    return {
      name,
      change: changeOf(before, after),
      ...(old !== undefined && { from: old }),
      ...(now !== undefined && { to: now }),
    };
  });
}

function changeOf(before: InnerImageReport | undefined, after: InnerImageReport | undefined): Change {
  if (!before) return "added";
  if (!after) return "removed";
  if (before.details && after.details) {
    return before.details.imageId === after.details.imageId ? "same" : "changed";
  }
  return compareLayers(before, after);
}

/** Layers that are known and differ tell that the images do; equal ones do not tell that configs are equal, too. */
function compareLayers({ layers: before }: InnerImageReport, { layers: after }: InnerImageReport): Change {
  const differs = before.some(({ diffId }, position) => {
    const other = after[position]?.diffId;
    return diffId !== undefined && other !== undefined && diffId !== other;
  });
  return differs || before.length !== after.length ? "changed" : "unknown";
}
