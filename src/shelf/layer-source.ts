import { readFile } from "node:fs/promises";
import type { DiffId } from "../image/digest.js";
import { onShelf } from "./paths.js";
import { parseWhiteouts, type Whiteouts } from "./whiteouts.js";

/** Gives the files of inner layers and the paths that the layers hide. */
export interface LayerSource {
  /** The directory with a layer's files. */
  files(diffId: DiffId): Promise<string>;
  whiteouts(diffId: DiffId): Promise<Whiteouts>;
}

/** The layers of a shelf. @param folder `/usr/lib/larder` of a system image. */
export function shelvedLayers(folder: string): LayerSource {
  return {
    files: async (diffId) => `${folder}/${onShelf.layerFiles(diffId)}`,
    whiteouts: async (diffId) =>
      parseWhiteouts(await readFile(`${folder}/${onShelf.whiteouts(diffId)}`, "latin1")),
  };
}
