import type { ByteString } from "../../files/bytes.js";
import type { Attributes } from "./attributes.js";

/** A directory, the number of the entry that made a file, or {@link whiteout}. */
export type DirectoryEntry = Directory | number;

export const whiteout = -1;

/** A directory of a {@link LayerTree}. */
export class Directory {
  readonly children = new Map<ByteString, DirectoryEntry>();
  /** Absent: no entry describes the directory. */
  attributes: Attributes | undefined;
  isOpaque = false;
  /** Absent: the root. */
  readonly #place: { readonly parent: Directory; readonly base: ByteString } | undefined;

  constructor(place?: { readonly parent: Directory; readonly base: ByteString }) {
    this.#place = place;
  }

  get parent(): Directory | undefined {
    return this.#place?.parent;
  }

  /** Relative to the root, which has the empty path. */
  get path(): ByteString {
    const parts: ByteString[] = [];
    for (let at = this.#place; at !== undefined; at = at.parent.#place) parts.push(at.base);
    return parts.reverse().join("/");
  }

  join(base: ByteString): ByteString {
    const { path } = this;
    return path === "" ? base : `${path}/${base}`;
  }

  /** Was the directory, or one above it, replaced? */
  get isAttached(): boolean {
    for (
      let at: Directory = this, place = at.#place;
      place !== undefined;
      at = place.parent, place = at.#place
    ) {
      if (place.parent.children.get(place.base) !== at) return false;
    }
    return true;
  }

  /** This directory and all below it, a directory before those in it. */
  *all(): Generator<Directory> {
    const todo: Directory[] = [this];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      yield at;
      for (const child of at.children.values()) if (child instanceof Directory) todo.push(child);
    }
  }
}
