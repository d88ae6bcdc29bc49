import type { ByteString } from "../../files/bytes.js";
import type { TarEntry } from "../../files/tar-entry.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { onShelf, shelf } from "../paths.js";
import { parseWhiteouts, type Whiteouts } from "../whiteouts.js";
import type { ShelvedLayer } from "./shelved-layer.js";

/** What a system image has on its shelf, as its containers see it. */
export interface ShelfContents {
  /** Keyed by path in the system image: all of the shelf but the files of layers and the blobs. */
  readonly files: ReadonlyMap<ByteString, ShelfFile>;
  readonly layers: ReadonlyMap<DiffId, ShelvedLayer>;
  readonly blobs: ReadonlyMap<Digest, ShelvedBlob>;
  /** Larder's programs and settings outside of the shelf, by their paths. */
  readonly outside: ReadonlyMap<ByteString, ShelfFile>;
}

export interface ShelfFile {
  readonly entry: TarEntry;
  /** The number of its outer layer. */
  readonly outer: number;
  /** Absent for what is no file, and for a file that is too large. */
  readonly content?: Buffer;
}

export interface ShelvedBlob {
  readonly entry: TarEntry;
  readonly outer: number;
  /** Digest of its tar; absent if it cannot be unpacked. */
  readonly diffId?: DiffId;
}

/** What a layer deletes, by its tar or, if nothing proves the layer, by the shelf. */
export function whiteoutsOf(diffId: DiffId, { layers, files }: ShelfContents): Whiteouts {
  const listed = files.get(`${shelf}/${onShelf.whiteouts(diffId)}`)?.content;
  return layers.get(diffId)?.facts?.whiteouts ?? parseWhiteouts(listed?.toString("latin1") ?? "");
}
