import { type ByteString, compare, fromBytes, parentsOf, toBytes } from "../files/bytes.js";

/**
 * The paths at and below which a layer hides lower layers: its deleted files and its opaque directories. Each becomes a
 * whiteout at that path one layer further down. Relative, sorted bytewise, none inside another.
 */
export type Whiteouts = readonly ByteString[];

/** `.wh.<name>` is an entry that deletes `<name>`. */
export const whiteoutPrefix = ".wh.";
/** Name of the entry that makes its directory opaque. */
export const opaqueMarker = ".wh..wh..opq";

/** Leaves out the paths that are inside others, and sorts the rest. */
export function outermost(paths: readonly ByteString[]): Whiteouts {
  const all = new Set(paths);
  return [...all].filter((path) => !parentsOf(path).some((parent) => all.has(parent))).sort(compare);
}

/**
 * The file `whiteouts` of the shelf: one path a line. A backslash and any byte that is not printable ASCII are written
 * as `\0ooo`, which `printf %b` of every POSIX shell decodes.
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

/** A path in readable form, for messages. */
export function showPath(path: ByteString): string {
  return toBytes(path).toString("utf8");
}

/** The bytes of a UTF-8 string as a byte string. */
export function byteString(text: string): ByteString {
  return fromBytes(Buffer.from(text, "utf8"));
}
