import { type ByteString, compare, parentsOf } from "../files/bytes.js";
import { opaqueMarker, outermost, type Whiteouts, whiteoutPrefix } from "./whiteouts.js";

/** AUFS keeps its own records under these names; they delete nothing. */
const metaPrefix = ".wh..wh.";

/** Directories and deletions of a layer, by the names in its tar. */
export interface LayerNames {
  readonly whiteouts: Whiteouts;
  /** Directories that have no entry themselves but have an entry or whiteout below them, outermost first. */
  readonly implied: readonly ByteString[];
}

/**
 * Reads the names of a layer's tar in their order, as Docker's unpacker does: an entry after a whiteout of the same
 * path replaces the whiteout. The reader keeps the names of directories and deletions, but not of files, so a layer may
 * have any number of files.
 */
export class LayerNamesReader {
  readonly #hidden = new Set<ByteString>();
  readonly #opaque = new Set<ByteString>();
  /** Directories that have entries below them; the value is false until they have an entry themselves. */
  readonly #directories = new Map<ByteString, boolean>();
  /** A name below a whiteout, or a whiteout of no name: engines take them in different ways. */
  strange: ByteString | undefined;

  /** @param name of an entry, as it is in the tar. The name of a directory mostly ends with a slash. */
  add(name: ByteString): void {
    const path = cleanPath(name);
    if (path === undefined) return;
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    if (base !== opaqueMarker && base.startsWith(metaPrefix)) return;
    const parent = path.slice(0, Math.max(slash, 0));
    if (base === whiteoutPrefix || parent.split("/").some((part) => part.startsWith(whiteoutPrefix))) {
      this.strange ??= path;
    }
    for (const above of parentsOf(path))
      if (!this.#directories.has(above)) this.#directories.set(above, false);
    if (base === opaqueMarker) {
      // overlayfs ignores such a mark on the root of a layer, and so does Docker's overlay2.
      if (parent !== "") this.#opaque.add(parent);
    } else if (isMark(path)) {
      this.#hidden.add((slash < 0 ? "" : `${parent}/`) + base.slice(whiteoutPrefix.length));
    } else {
      this.#hidden.delete(path);
      if (name.endsWith("/") || this.#directories.has(path)) this.#directories.set(path, true);
    }
  }

  /**
   * Must {@link LayerNamesReader.find} see all names again? Yes if a directory may have had an entry without a slash.
   */
  get isUnsure(): boolean {
    return [...this.#directories.values()].includes(false);
  }

  /** @param name as for `add`. All names must have been added. */
  find(name: ByteString): void {
    const path = cleanPath(name);
    // A whiteout is no entry of a directory, even with names below it.
    if (path !== undefined && this.#directories.has(path) && !isMark(path)) this.#directories.set(path, true);
  }

  /** Paths that have a whiteout, opaque directories not counted. */
  get deleted(): readonly ByteString[] {
    return [...this.#hidden].sort(compare);
  }

  get names(): LayerNames {
    const implied = [...this.#directories].flatMap(([path, hasEntry]) => (hasEntry ? [] : [path]));
    return {
      whiteouts: outermost([...this.#hidden, ...this.#opaque]),
      implied: implied.sort(compare),
    };
  }
}

/** AUFS's own records count as marks, too. */
function isMark(path: ByteString): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return base.startsWith(whiteoutPrefix) && base.length > whiteoutPrefix.length;
}

/** `./usr//lib/` becomes `usr/lib`. The root itself and paths that lead out of it become undefined. */
export function cleanPath(name: ByteString): ByteString | undefined {
  const parts: ByteString[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return parts.length > 0 ? parts.join("/") : undefined;
}
