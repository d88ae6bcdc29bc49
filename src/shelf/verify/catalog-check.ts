import type { DiffId } from "../../image/digest.js";
import type { ShelvedImage } from "../preload-file.js";
import type { Findings } from "./findings.js";
import type { ShelfContents } from "./shelf-contents.js";

/** What the check of a store's catalog gets. */
export interface CatalogCheck {
  readonly contents: ShelfContents;
  /** Images of `preload.json` in this store. */
  readonly images: readonly ShelvedImage[];
  readonly findings: Findings;
}

export interface CheckedCatalog {
  /** The layers that the catalog needs. */
  readonly diffIds: ReadonlySet<DiffId>;
}
