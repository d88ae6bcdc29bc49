import { type ByteString, parentsOf } from "../../files/bytes.js";
import { opaqueMarker, whiteoutPrefix } from "../whiteouts.js";

/**
 * The files that a container of the image sees, found from the top layer down: each outer layer is read once, and what
 * lies above a file is known before the file comes.
 */
export class MergedView {
  /** The layer of each visible path, twice, plus 1 for a directory. */
  readonly #seen = new Map<ByteString, number>();
  /** Paths that a layer deletes, and directories that it makes opaque; each hides the layers below. */
  readonly #deleted = new Map<ByteString, number>();
  readonly #opaque = new Map<ByteString, number>();
  #layer = 0;
  /** Directories of the current layer: is something above in their place? */
  readonly #hidden = new Map<ByteString, boolean>();

  /** Goes down to this layer. @param layer Its number from the bottom. */
  enter(layer: number): void {
    this.#layer = layer;
    this.#hidden.clear();
  }

  /** Takes an entry with a whiteout's name. @returns false for other entries. */
  takeWhiteout(path: ByteString): boolean {
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    if (!base.startsWith(whiteoutPrefix)) return false;
    const parent = path.slice(0, Math.max(slash, 0));
    const isOpaque = base === opaqueMarker;
    const marks = isOpaque ? this.#opaque : this.#deleted;
    const hidden = isOpaque ? parent : (slash < 0 ? "" : `${parent}/`) + base.slice(whiteoutPrefix.length);
    // The mark of the highest layer counts.
    if (!marks.has(hidden)) marks.set(hidden, this.#layer);
    return true;
  }

  /** Takes an entry of the current layer. A second entry of one path is `twice`: engines take either. */
  take(path: ByteString, isDirectory: boolean): "visible" | "hidden" | "twice" {
    const seen = this.#seen.get(path);
    if (seen !== undefined) return seen >> 1 === this.#layer ? "twice" : "hidden";
    if (this.#isAbove(this.#deleted.get(path))) return "hidden";
    if (parentsOf(path).some((above) => this.#hides(above))) return "hidden";
    this.#seen.set(path, this.#layer * 2 + (isDirectory ? 1 : 0));
    return "visible";
  }

  /** The layer of the file that a container sees at this path. */
  layerOf(path: ByteString): number | undefined {
    const seen = this.#seen.get(path);
    return seen === undefined ? undefined : seen >> 1;
  }

  #hides(directory: ByteString): boolean {
    const known = this.#hidden.get(directory);
    if (known !== undefined) return known;
    const seen = this.#seen.get(directory);
    const hides =
      this.#isAbove(this.#deleted.get(directory)) ||
      this.#isAbove(this.#opaque.get(directory)) ||
      (seen !== undefined && seen % 2 === 0 && this.#isAbove(seen >> 1));
    this.#hidden.set(directory, hides);
    return hides;
  }

  #isAbove(layer: number | undefined): boolean {
    return layer !== undefined && layer > this.#layer;
  }
}
