import { type ByteString, compare, fromBytes, parentsOf, toBytes } from "./bytes.js";

/**
 * The paths below which (and at which) a layer hides what lies beneath it: the files that it deletes and
 * the directories that it makes opaque. Both come out as a whiteout at that path one layer further down.
 * Relative, sorted bytewise, none inside another.
 */
export type Whiteouts = readonly ByteString[];

/** Of the name of an entry that deletes what is called so without it. */
export const whiteoutPrefix = ".wh.";
/** AUFS keeps its own bookkeeping under these names; they delete nothing. */
const metaPrefix = ".wh..wh.";
const opaqueMarker = ".wh..wh..opq";

/** What the entries of a layer's tar say about directories and deletions. */
export interface LayerNames {
  readonly whiteouts: Whiteouts;
  /** Every path with an entry of its own, whiteouts not among them. */
  readonly entries: ReadonlySet<ByteString>;
  /** Directories above some entry or whiteout that have no entry themselves, outermost first. */
  readonly implied: readonly ByteString[];
}

/**
 * Reads the names of a layer's tar in the order of the tar, as Docker's unpacker does: an entry that comes
 * after a whiteout of the same path takes its place.
 */
export function readLayerNames(names: Iterable<ByteString>): LayerNames {
  const entries = new Set<ByteString>();
  const hidden = new Set<ByteString>();
  const opaque = new Set<ByteString>();
  const needed = new Set<ByteString>();
  for (const name of names) {
    const path = cleanPath(name);
    if (path === undefined) continue;
    const slash = path.lastIndexOf("/");
    const base = path.slice(slash + 1);
    if (base !== opaqueMarker && base.startsWith(metaPrefix)) continue;
    const parent = path.slice(0, Math.max(slash, 0));
    for (const above of parentsOf(path)) needed.add(above);
    if (base === opaqueMarker) {
      // overlayfs looks for no mark on the root of a layer, so neither does Docker's overlay2.
      if (parent !== "") opaque.add(parent);
    } else if (base.startsWith(whiteoutPrefix) && base.length > whiteoutPrefix.length) {
      hidden.add((slash < 0 ? "" : `${parent}/`) + base.slice(whiteoutPrefix.length));
    } else {
      hidden.delete(path);
      entries.add(path);
    }
  }
  const implied = [...needed].filter((path) => !entries.has(path)).sort(compare);
  return { whiteouts: outermost([...hidden, ...opaque]), entries, implied };
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

function outermost(paths: readonly ByteString[]): Whiteouts {
  const all = new Set(paths);
  return [...all].filter((path) => !parentsOf(path).some((parent) => all.has(parent))).sort(compare);
}

/**
 * The file `whiteouts` of the shelf: one path a line. Bytes other than printable ASCII, and the backslash,
 * are written as `\0ooo`, which `printf %b` of every POSIX shell turns back.
 */
export function formatWhiteouts(whiteouts: Whiteouts): string {
  return whiteouts.map((path) => `${escapePath(path)}\n`).join("");
}

/** The reverse of {@link formatWhiteouts}. */
export function parseWhiteouts(text: string): Whiteouts {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) =>
      line.replace(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    );
}

function escapePath(path: ByteString): string {
  return path.replace(/[^ -[\]-~]/g, (char) => `\\0${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** A path as people read it, for messages. */
export function showPath(path: ByteString): string {
  return toBytes(path).toString("utf8");
}

/** The bytes of a UTF-8 string as a byte string. */
export function byteString(text: string): ByteString {
  return fromBytes(Buffer.from(text, "utf8"));
}
