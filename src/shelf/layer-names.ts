import { type ByteString, compare, parentsOf } from "../files/bytes.js";
import { opaqueMarker, outermost, type Whiteouts, whiteoutPrefix } from "./whiteouts.js";

/** AUFS keeps its own bookkeeping under these names; they delete nothing. */
const metaPrefix = ".wh..wh.";

/** What the entries of a layer's tar say about directories and deletions. */
export interface LayerNames {
  readonly whiteouts: Whiteouts;
  /** Directories above some entry or whiteout that have no entry themselves, outermost first. */
  readonly implied: readonly ByteString[];
}

/**
 * Reads the names of a layer's tar in the order of the tar, as Docker's unpacker does: an entry that comes after a
 * whiteout of the same path takes its place. It keeps the names of directories and of what is deleted, and not those of
 * files, so that a layer may have any number of these.
 */
export class LayerNamesReader {
  readonly #hidden = new Set<ByteString>();
  readonly #opaque = new Set<ByteString>();
  /** Directories above entries; false until they have an entry themselves. */
  readonly #directories = new Map<ByteString, boolean>();

  /** @param name of an entry, as it is in the tar; that of a directory mostly ends with a slash. */
  add(name: ByteString): void {
    const path = cleanPath(name);
    if (path === undefined) return;
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    if (base !== opaqueMarker && base.startsWith(metaPrefix)) return;
    const parent = path.slice(0, Math.max(slash, 0));
    for (const above of parentsOf(path))
      if (!this.#directories.has(above)) this.#directories.set(above, false);
    if (base === opaqueMarker) {
      // overlayfs looks for no mark on the root of a layer, so neither does Docker's overlay2.
      if (parent !== "") this.#opaque.add(parent);
    } else if (isMark(path)) {
      this.#hidden.add((slash < 0 ? "" : `${parent}/`) + base.slice(whiteoutPrefix.length));
    } else {
      this.#hidden.delete(path);
      if (name.endsWith("/") || this.#directories.has(path)) this.#directories.set(path, true);
    }
  }

  /** Whether {@link LayerNamesReader.find} has to see all names again: some directory may have had an entry without a slash. */
  get isUnsure(): boolean {
    return [...this.#directories.values()].includes(false);
  }

  /** @param name as for `add`, all of which have been added. */
  find(name: ByteString): void {
    const path = cleanPath(name);
    // A whiteout is no entry of a directory, even if there are names below it.
    if (path !== undefined && this.#directories.has(path) && !isMark(path)) this.#directories.set(path, true);
  }

  get names(): LayerNames {
    const implied = [...this.#directories].flatMap(([path, hasEntry]) => (hasEntry ? [] : [path]));
    return {
      whiteouts: outermost([...this.#hidden, ...this.#opaque]),
      implied: implied.sort(compare),
    };
  }
}

/** AUFS's own bookkeeping is among these. */
function isMark(path: ByteString): boolean {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return base.startsWith(whiteoutPrefix) && base.length > whiteoutPrefix.length;
}

/** `./usr//lib/` is `usr/lib`; undefined for the root itself and for what leads out of it. */
function cleanPath(name: ByteString): ByteString | undefined {
  const parts: ByteString[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return parts.length > 0 ? parts.join("/") : undefined;
}
