import type { Places } from "../job.js";

/** Where a stock step has what it reads and writes. */
export type StockPlaces = Pick<
  Places,
  "stage" | "stageCopy" | "stageChanges" | "work" | "catalog" | "layer" | "input"
>;
