/** The number of outer layers that one PRELOAD may add, so that engines accept the image. */
import type { Finding } from "./finding.js";
import { count } from "./history.js";
import type { OuterLayer } from "./plan.js";

/**
 * Docker's layer store refuses deeper images (moby `layer.maxLayerDepth`), and overlayfs refuses some 127 layers and
 * more.
 */
export const layerLimit = 125;

/** The default number of outer layers in a budget (`LARDER_LAYERS`). */
const defaultBudget = 64;

/** Outer layers of blobs are additional: one for two layers of files. */
const blobShare = 0.5;

export interface LayerCounts {
  /** Layers of the stage above the PRELOAD. Outer layers of earlier PRELOADs count, too. */
  readonly above: number;
  /** Layers that later instructions will add. */
  readonly below: number;
  /** Those layers above that hold inner layers. */
  readonly present: number;
}

export interface LayerBudget {
  /** `LARDER_LAYERS`: outer layers with inner layers in the whole image, if the user sets it. */
  readonly asked: number | undefined;
  readonly counts: LayerCounts;
  /** Outer layers with inner layers' files. */
  readonly files: number;
  /** The number is smaller than wanted, since engines do not accept more. */
  readonly isCut: boolean;
}

/** @param keepsBlobs The store may need blobs, too. The store itself is not known yet. */
export function layerBudget(
  asked: number | undefined,
  counts: LayerCounts,
  keepsBlobs: boolean,
): LayerBudget {
  const room = roomFor(counts);
  const wanted = (asked ?? defaultBudget) - counts.present;
  const fitting = keepsBlobs ? Math.floor(room / (1 + blobShare)) : room;
  return { asked, counts, files: Math.max(Math.min(wanted, fitting), 1), isCut: fitting < wanted };
}

/** Outer layers with blobs. @param files planned outer layers with inner layers' files. */
export function blobBudget({ asked, counts }: LayerBudget, files: number): number {
  const wanted = Math.floor((asked ?? defaultBudget) * blobShare);
  return Math.max(Math.min(wanted, roomFor(counts) - files), 1);
}

/** The room for files and blobs, without the separate layer of the catalog. */
function roomFor({ above, below }: LayerCounts): number {
  return layerLimit - above - below - 1;
}

/**
 * A warning for the user: layers that share an outer layer cannot be shared between images any more.
 * @param blobs outer layers with blobs.
 */
export function findCrowding(
  { asked, counts, isCut }: LayerBudget,
  outerLayers: readonly OuterLayer[],
  blobs: number,
): Omit<Finding, "lines"> | undefined {
  const sharing = outerLayers.find(({ diffIds }) => diffIds.length > 1);
  const own = counts.above + counts.below;
  const total = own + outerLayers.length + blobs + 1;
  const has = `the stage has ${count(own, "layer")} without them`;
  if (total > layerLimit) {
    return crowding(
      `the image will have ${count(total, "layer")}, and engines with graph drivers take ${layerLimit}: ${has}; join ` +
        "instructions, or build FROM an image of fewer layers",
    );
  }
  if (!sharing || (asked !== undefined && !isCut)) return undefined;
  const why = isCut
    ? `engines with graph drivers take ${layerLimit} layers in all: ${has}`
    : `${defaultBudget} may have one of their own: --build-arg LARDER_LAYERS= sets how many`;
  return crowding(
    `the smallest ${sharing.diffIds.length} layers of the images share one, since ${why}; an image with other inner images ` +
      "stores the shared ones again",
  );
}

function crowding(detail: string): Omit<Finding, "lines"> {
  const description = "An image has room for a limited number of layers";
  return { rule: "PreloadLayers", description, detail };
}
