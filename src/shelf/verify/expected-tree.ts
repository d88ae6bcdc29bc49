import { type ByteString, parentsOf } from "../../files/bytes.js";
import type { TarEntry, TarKind } from "../../files/tar-entry.js";
import { cleanPath, LayerNamesReader } from "../layer-names.js";
import { type Whiteouts, whiteoutPrefix } from "../whiteouts.js";

/** A file as the layer's tar describes it. Hard links are several paths of one file. */
export interface LayerFile {
  /** The first path of the file in the tar: the one that has the content. */
  readonly path: ByteString;
  readonly kind: Exclude<TarKind, "hard link" | "global header" | "unknown">;
  /** What a header cannot hold is undefined: engines differ there. */
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
  mtime: number | undefined;
  readonly size: number;
  readonly linkName: ByteString;
  readonly major: number;
  readonly minor: number;
  capability: ByteString | undefined;
  /** SHA-256 of the content in hex, where the layer's tar itself was read. */
  readonly content?: string | undefined;
  /** The names of the file. */
  names: number;
}

/** The files that the shelf must have of an inner layer, built from the headers of the layer's tar. */
export class ExpectedTree {
  readonly files = new Map<ByteString, LayerFile>();
  hasXattrs = false;
  /** Hard links whose file is in a layer below. */
  readonly outside = new Set<ByteString>();
  /** Paths of files whose content no file has any more, since another entry of the layer takes their place. */
  readonly lost = new Set<ByteString>();
  readonly #names = new LayerNamesReader();
  /** Directories above entries; they are no links. */
  readonly #plain = new Set<ByteString>();

  /** @returns the entry's place in the tree; undefined if the shelf has no file for it. */
  add(entry: TarEntry, content?: string): ByteString | undefined {
    this.hasXattrs ||= entry.hasXattrs;
    if (entry.kind === "global header" || entry.kind === "unknown") return undefined;
    const isUnmarked = entry.kind === "directory" && !entry.name.endsWith("/");
    this.#names.add(isUnmarked ? `${entry.name}/` : entry.name);
    const path = this.place(entry.name);
    if (path === undefined || path.split("/").some((part) => part.startsWith(whiteoutPrefix)))
      return undefined;
    if (entry.kind === "hard link") {
      this.#link(path, entry);
      return path;
    }
    const { kind, mode, uid, gid, mtime, size, linkName, major, minor, capability } = entry;
    const facts = { kind, mode, uid, gid, mtime, size, linkName, major, minor, capability };
    this.#put(path, { path, ...facts, ...(content !== undefined && { content }), names: 1 });
    return path;
  }

  /** Completes the tree once all entries are there. */
  finish(): void {
    for (const path of this.#names.names.implied) {
      const above = [...parentsOf(path), path].map(
        (directory) => this.files.get(directory)?.kind ?? "directory",
      );
      if (above.every((kind) => kind === "directory")) this.files.set(path, impliedDirectory(path));
    }
  }

  get whiteouts(): Whiteouts {
    return this.#names.names.whiteouts;
  }

  /** Bytes as Docker counts them: each file and each symbolic link once. */
  get size(): number {
    let size = 0;
    for (const file of new Set(this.files.values())) {
      if (file.kind === "symbolic link") size += file.linkName.length;
      else size += file.size;
    }
    return size;
  }

  /** The path at which an unpacker puts the name: without dots, and through links of the layer. */
  place(name: ByteString): ByteString | undefined {
    let path = cleanPath(name);
    for (let links = 0; path !== undefined && links < 40; links++) {
      const link = this.#linkAbove(path);
      if (link === undefined) return path;
      const { linkName } = this.files.get(link) ?? { linkName: "" };
      const base = linkName.startsWith("/") ? linkName : `${link}/../${linkName}`;
      path = cleanPath(base + path.slice(link.length));
    }
    return undefined;
  }

  #put(path: ByteString, file: LayerFile): void {
    const before = this.files.get(path);
    if (before !== undefined) {
      before.names -= 1;
      if (before.names === 0 && before.size > 0) this.lost.add(path);
    }
    this.files.set(path, file);
  }

  #linkAbove(path: ByteString): ByteString | undefined {
    for (const above of parentsOf(path)) {
      if (this.#plain.has(above)) continue;
      if (this.files.get(above)?.kind === "symbolic link") return above;
      this.#plain.add(above);
    }
    return undefined;
  }

  /** The file gets what its last link says, as in Docker, containerd and the unpack step. */
  #link(path: ByteString, { linkName, mode, uid, gid, mtime, capability }: TarEntry): void {
    const target = this.place(linkName);
    const file = target === undefined ? undefined : this.files.get(target);
    if (!file) {
      this.outside.add(path);
      return;
    }
    file.names += 1;
    this.#put(path, file);
    file.uid = uid ?? file.uid;
    file.gid = gid ?? file.gid;
    if (file.kind === "symbolic link") return;
    file.mode = mode ?? file.mode;
    file.mtime = mtime ?? file.mtime;
    // Whoever sets the owner takes the capability away.
    file.capability = capability;
  }
}

/** A directory that no tar describes, see {@link ../layer-folder.ts}. */
export function impliedDirectory(path: ByteString): LayerFile {
  const nothing = { size: 0, linkName: "", major: 0, minor: 0, capability: undefined };
  return { path, kind: "directory", mode: 0o755, uid: 0, gid: 0, mtime: 0, ...nothing, names: 1 };
}
