import { type ByteString, compare, fromBytes, parentsOf, toBytes } from "../files/bytes.js";

/**
 * The paths below which (and at which) a layer hides what lies beneath it: the files that it deletes and
 * the directories that it makes opaque. Both come out as a whiteout at that path one layer further down.
 * Relative, sorted bytewise, none inside another.
 */
export type Whiteouts = readonly ByteString[];

/** Of the name of an entry that deletes what is called so without it. */
export const whiteoutPrefix = ".wh.";
/** Name of the entry that makes its directory opaque. */
export const opaqueMarker = ".wh..wh..opq";

/** The paths that are inside no other of these, sorted. */
export function outermost(paths: readonly ByteString[]): Whiteouts {
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
