/** How many outer layers one PRELOAD may add, so that engines take the image. */
import type { Finding } from "./finding.js";
import { count } from "./history.js";
import type { OuterLayer } from "./plan.js";

/** Docker's layer store refuses deeper images (moby `layer.maxLayerDepth`), and overlayfs those of more than some 127. */
export const layerLimit = 125;

/** So many layers of its own may a budget have where nobody says otherwise (`LARDER_LAYERS`). */
const defaultBudget = 64;

/** Outer layers of blobs come beside those of files: one for two of these. */
const blobShare = 0.5;

export interface LayerCounts {
  /** Of the stage above the PRELOAD, outer layers of earlier PRELOADs among them. */
  readonly above: number;
  /** What instructions below it will add. */
  readonly below: number;
  /** Outer layers of inner layers among those above. */
  readonly present: number;
}

export interface LayerBudget {
  /** `LARDER_LAYERS`: outer layers with inner layers in the whole image, if the user says so. */
  readonly asked: number | undefined;
  readonly counts: LayerCounts;
  /** Outer layers with inner layers' files. */
  readonly files: number;
  /** Fewer than were wanted, since engines take no more. */
  readonly isCut: boolean;
}

/** @param keepsBlobs whether the store may want blobs, too; which one it is, is known later. */
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

/** Outer layers with blobs. @param files outer layers with inner layers' files, as planned. */
export function blobBudget({ asked, counts }: LayerBudget, files: number): number {
  const wanted = Math.floor((asked ?? defaultBudget) * blobShare);
  return Math.max(Math.min(wanted, roomFor(counts) - files), 1);
}

/** What is left for files and blobs; the catalog has a layer of its own. */
function roomFor({ above, below }: LayerCounts): number {
  return layerLimit - above - below - 1;
}

/**
 * What a user should know of it: layers that share one are no longer shared between images.
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
