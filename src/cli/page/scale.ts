import { totalOf, type Unit } from "../report/sharing.js";
import type { LayerReport, SystemImage } from "../report/system-image.js";

/** One scale for all bars of a page that show layers. */
export interface Scale {
  readonly unit: Unit;
  /** Bytes of the widest bar. */
  readonly widest: number;
}

/** The unit is the one that is known of more layers. The widest bar is a layer's or an inner image's. */
export function chooseScale(images: readonly SystemImage[]): Scale {
  const layers = images.flatMap((image) => image.layers);
  const known = (unit: Unit) => layers.filter((layer) => layer[unit] !== undefined).length;
  const unit = known("unpacked") > known("compressed") ? "unpacked" : "compressed";
  const whole = images.flatMap(({ inner }) => inner.map((one) => totalOf(one.layers, unit).bytes));
  return { unit, widest: Math.max(...layers.map((layer) => layer[unit] ?? 0), ...whole, 1) };
}

/** For CSS: `31.4%`. */
export function widthOf(bytes: number, widest: number): string {
  return `${Number(((100 * bytes) / widest).toFixed(2))}%`;
}

/** A class of the page's styles. */
export type Kind = "stage" | "files" | "shared" | "catalog" | "blobs";

/** @param holders number of inner images that have a layer in it. */
export function kindOf({ holds }: LayerReport, holders: number): Kind {
  if (!holds) return "stage";
  if (holds.kind !== "files") return holds.kind;
  return holders > 1 ? "shared" : "files";
}
