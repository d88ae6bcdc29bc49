/**
 * What unpackers make of a layer's entries, one after the other, without its files: which entry is the file of a path in
 * the end. The rules are those that moby (go-archive, `Unpack`) and containerd (pkg/archive, `Apply`) have in common for
 * overlayfs. Where they differ, the layer is refused.
 *
 * A layer may have half a million files, so a file is the number of its entry and no object.
 */
import { LarderError } from "../../error.js";
import type { ByteString } from "../../files/bytes.js";
import { cleanParts } from "../../shelf/layer-names.js";
import { opaqueMarker, outermost, showPath, type Whiteouts, whiteoutPrefix } from "../../shelf/whiteouts.js";
import type { RecordedEntry } from "../../stores/overlay2/tar-entries.js";
import { isDirectory } from "../../stores/overlay2/tar-split.js";
import { type Attributes, attributesOf, merge } from "./attributes.js";
import { Directory, whiteout } from "./directory.js";
import { noSuchTarget } from "./explain-tar.js";
import { resolveDirectory } from "./resolve-directory.js";

/** A name that a hard link gave to a file. */
export interface LinkName {
  readonly parent: Directory;
  readonly base: ByteString;
}

export class LayerTree {
  readonly root = new Directory();
  /** The directory of each entry that is no directory itself, by the entry's number. */
  readonly #parents: Directory[] = [];
  /** Targets of symbolic links. */
  readonly #symlinks = new Map<number, ByteString>();
  readonly #links = new Map<number, LinkName[]>();
  /** What links say of their files. */
  readonly #changed = new Map<number, Attributes>();
  readonly #directories: (readonly [name: ByteString, Directory])[] = [];
  #count = 0;

  /** @throws LarderError whose message follows the name of the layer. */
  add(entry: RecordedEntry): void {
    const number = this.#count++;
    const { name, header } = entry;
    if (header.type === "g") return;
    const parts = cleanParts(name);
    if (parts === undefined) {
      throw new LarderError(
        `has the entry ${showPath(name)}, a name with "..", which leads out of the layer`,
      );
    }
    const base = parts.pop();
    if (base === undefined) {
      if (isDirectory(entry)) return;
      throw new LarderError(`has the entry ${showPath(name)}, which is no directory`);
    }
    // AUFS's own records.
    if (base.startsWith(`${whiteoutPrefix}${whiteoutPrefix}`) && base !== opaqueMarker) return;
    const parent = this.#resolve(parts, true);
    if (typeof parent === "string") throw new LarderError(`has the entry ${showPath(name)} below ${parent}`);
    if (base.startsWith(whiteoutPrefix)) this.#hide(parent, base, name);
    else if (isDirectory(entry)) this.#addDirectory(parent, base, entry);
    else if (header.type === "1") this.#link(parent, base, entry);
    else {
      parent.children.set(base, number);
      this.#parents[number] = parent;
      if (header.type === "2") this.#symlinks.set(number, header.linkName);
    }
  }

  #hide(parent: Directory, base: ByteString, name: ByteString): void {
    if (base === opaqueMarker) {
      parent.isOpaque = true;
      return;
    }
    const hidden = base.slice(whiteoutPrefix.length);
    if ([".", ".."].includes(hidden) || parent.children.has(hidden)) {
      throw new LarderError(`has the entry ${showPath(name)}: it deletes what the layer has itself`);
    }
    parent.children.set(hidden, whiteout);
  }

  #addDirectory(parent: Directory, base: ByteString, entry: RecordedEntry): void {
    const found = parent.children.get(base);
    const directory = found instanceof Directory ? found : new Directory({ parent, base });
    parent.children.set(base, directory);
    // An attribute of the first of two entries stays.
    const before = directory.attributes?.xattrs ?? [];
    const attributes = attributesOf(entry);
    directory.attributes = { ...attributes, xattrs: new Map([...before, ...attributes.xattrs]) };
    this.#directories.push([entry.name, directory]);
  }

  #link(parent: Directory, base: ByteString, entry: RecordedEntry): void {
    const { name, header } = entry;
    // Unpackers remove what is there before they look for the target.
    parent.children.delete(base);
    const file = this.#target(name, header.linkName);
    parent.children.set(base, file);
    this.#links.set(file, [...(this.#links.get(file) ?? []), { parent, base }]);
    this.#changed.set(file, merge(this.#changed.get(file), attributesOf(entry)));
  }

  #target(name: ByteString, target: ByteString): number {
    const parts = target.split("/").filter((part) => part !== "" && part !== ".");
    const base = parts.pop() ?? "..";
    const parent = this.#resolve(parts, false);
    const found = typeof parent === "string" || base === ".." ? undefined : parent.children.get(base);
    if (found instanceof Directory) {
      throw new LarderError(`has a hard link ${showPath(name)} to the directory ${showPath(target)}`);
    }
    if (found === undefined || found === whiteout) {
      throw new LarderError(noSuchTarget(showPath(name), showPath(target)));
    }
    return found;
  }

  #resolve(parts: readonly ByteString[], makes: boolean): Directory | string {
    const linkAt = (file: number): ByteString | undefined => this.#symlinks.get(file);
    return resolveDirectory({ root: this.root, linkAt }, parts, makes);
  }

  /** @throws LarderError if a directory's time would go to something else in its place. */
  finish(): void {
    for (const [name, directory] of this.#directories) {
      const parts = cleanParts(name) ?? [];
      const base = parts.pop() ?? "";
      const parent = this.#resolve(parts, false);
      if (parent instanceof Directory && parent.children.get(base) === directory) continue;
      throw new LarderError(`has the directory ${showPath(name)}, and later something else in its place`);
    }
  }

  /** The paths of the file that an entry made: none if all of them were replaced, several with hard links. */
  pathsOf(number: number, { name }: Pick<RecordedEntry, "name">): ByteString[] {
    const parent = this.#parents[number];
    const base = cleanParts(name)?.at(-1);
    if (parent === undefined || base === undefined) return [];
    const names = [{ parent, base }, ...(this.#links.get(number) ?? [])];
    const alive = names.filter((at) => at.parent.children.get(at.base) === number && at.parent.isAttached);
    return [...new Set(alive.map((at) => at.parent.join(at.base)))];
  }

  /** The owner, mode and time of the file that an entry made. */
  attributesOf(number: number, entry: RecordedEntry): Attributes {
    const changed = this.#changed.get(number);
    const own = attributesOf(entry);
    if (changed === undefined) return own;
    // Docker leaves the time of a symbolic link.
    return { ...merge(own, changed), ...(this.#symlinks.has(number) && { mtime: own.mtime }) };
  }

  get whiteouts(): Whiteouts {
    const hidden: ByteString[] = [];
    for (const directory of this.root.all()) {
      // overlayfs ignores such a mark on the root of a layer.
      if (directory.isOpaque && directory !== this.root) hidden.push(directory.path);
      for (const [base, child] of directory.children)
        if (child === whiteout) hidden.push(directory.join(base));
    }
    return outermost(hidden);
  }
}
