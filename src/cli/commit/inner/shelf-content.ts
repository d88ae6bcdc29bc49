/** What the shelf of the running container has: none of it is taken out again. */
import type { DiffId, Digest } from "../../../image/digest.js";
import { isDigest } from "../../../image/digest.js";
import { onShelf, shelf } from "../../../shelf/paths.js";
import { parsePreload, type ShelvedImage } from "../../../shelf/preload-file.js";
import { storeNames } from "../../../stores/table.js";
import type { Shell } from "./exec.js";

export interface ShelfContent {
  readonly images: readonly ShelvedImage[];
  /** Compressed layers. */
  readonly blobs: ReadonlySet<Digest>;
  /** Layers of which the tar can be made again, without a blob. */
  readonly rebuildable: ReadonlySet<DiffId>;
}

/** @throws LarderError for a preload.json that is none of Larder's. */
export async function readShelf(shell: Shell): Promise<ShelfContent> {
  const folder = `/${shelf}`;
  const { status, stdout } = await shell.try(["cat", `${folder}/${onShelf.preload}`]);
  if (status !== 0) return { images: [], blobs: new Set(), rebuildable: new Set() };
  const { images } = parsePreload(stdout, storeNames);
  const [blobs, layers] = await Promise.all([
    shell.try(["ls", `${folder}/${onShelf.blobs}`]),
    shell.try(["sh", "-c", listLayers, "sh", ...onShelf.tarRecords.map((records) => `${folder}/${records}`)]),
  ]);
  return {
    images,
    blobs: digestsIn(blobs.stdout.replaceAll(/^/gm, "sha256:")),
    rebuildable: digestsIn(layers.stdout),
  };
}

/** Docker's record of a layer's tar stands beside the layer's diffID. */
const listLayers = 'for file in "$1"/*/diff "$2"/*/diff; do [ -e "$file" ] && cat "$file" && echo; done; :';

function digestsIn(text: string): Set<string> {
  return new Set(text.split("\n").filter(isDigest));
}
