import type { ShelfEntry } from "../shelf/entry.js";

/** The files of a catalog as they follow from its model. Paths are relative to `catalog/<store>`. */
export interface ExpectedFiles {
  /** A `copy` is a file whose content the model does not give. */
  readonly entries: readonly ShelfEntry[];
  /** Earlier PRELOADs may have left these. */
  readonly leftovers: readonly ShelfEntry[];
}

/** A file whose content the model does not give. */
export function anyContent(path: string, mode = 0o644): ShelfEntry {
  return { kind: "copy", path, mode, from: "" };
}
