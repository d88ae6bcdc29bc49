import { type ByteString, parentsOf } from "../../files/bytes.js";
import { cleanPath, isMark, type LayerNamesReader } from "../../shelf/layer-names.js";
import type { RecordedEntry } from "./tar-entries.js";

/**
 * Tells layers that every unpacker takes alike from those in which the order of entries matters, or the way from a name
 * to its file. In a plain layer each entry has a path of its own, below directories alone. Nearly all layers are plain.
 * Only names of hard links stay in memory.
 */
export class PlainEntries {
  readonly #names: LayerNamesReader;
  readonly #targets = new Set<ByteString>();
  #hasXattrs = false;
  #hasRelative = false;
  #hasAbsolute = false;
  #isPlain = true;

  /** @param names gets each entry before {@link PlainEntries.add} does. */
  constructor(names: LayerNamesReader) {
    this.#names = names;
  }

  /** @param hasXattrs The entry may have extended attributes. */
  add({ name, header, size }: RecordedEntry, hasXattrs: boolean): void {
    const path = cleanPath(name);
    if (header.isTimeless || leadsUp(name)) this.#isPlain = false;
    if (path === undefined) {
      if (header.type !== "5") this.#isPlain = false;
      return;
    }
    if (name.startsWith("/")) this.#hasAbsolute = true;
    else this.#hasRelative = true;
    if (isMark(path)) return;
    // GNU tar takes a file whose name ends with a slash for a directory.
    if (header.type !== "5" && name.endsWith("/")) this.#isPlain = false;
    if (header.uid === undefined || header.gid === undefined) this.#isPlain = false;
    this.#hasXattrs ||= hasXattrs;
    if (header.type === "1") this.#addLink(header.linkName, hasXattrs);
    if (size > 0 && header.type !== "0") this.#isPlain = false;
  }

  #addLink(linkName: ByteString, hasXattrs: boolean): void {
    const target = cleanPath(linkName);
    // The kernel takes a capability away from a file when a link gives it an owner.
    if (target === undefined || leadsUp(linkName) || hasXattrs) this.#isPlain = false;
    else this.#targets.add(target);
  }

  /** Must {@link PlainEntries.find} see all entries again? */
  get isUnsure(): boolean {
    return this.#isPlain && this.#hasXattrs && this.#targets.size > 0;
  }

  /** All entries must have been added. */
  find({ name, header }: RecordedEntry): void {
    if (!this.isUnsure || !this.#targets.has(cleanPath(name) ?? "")) return;
    if (header.xattrs.size > 0) this.#isPlain = false;
  }

  get isPlain(): boolean {
    if (!this.#isPlain || this.#names.misplaced !== undefined) return false;
    // `/a` and `a` are one path, and so one may replace the other.
    if (this.#hasAbsolute && this.#hasRelative) return false;
    for (const target of this.#targets) {
      if (!parentsOf(target).every((above) => this.#names.isDirectory(above))) return false;
    }
    return true;
  }
}

function leadsUp(name: ByteString): boolean {
  return name.includes("..") && name.split("/").includes("..");
}
