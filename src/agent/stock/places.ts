import type { Places } from "../job.js";

/** The places in a stock step that are read or written. */
export type StockPlaces = Pick<
  Places,
  "stage" | "stageCopy" | "stageChanges" | "work" | "catalog" | "layer" | "input"
>;
