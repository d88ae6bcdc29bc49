/** A file to be written to the shelf. Names in it are ASCII; owner root, time 0. */
export type ShelfEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Buffer }
  /** A file that may be large: it is copied from `from`, which stays until the shelf is written. */
  | { readonly kind: "copy"; readonly path: string; readonly mode: number; readonly from: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export function fileEntry(path: string, text: string): ShelfEntry {
  return { kind: "file", path, mode: 0o644, content: Buffer.from(text) };
}

export function linkEntry(path: string, target: string): ShelfEntry {
  return { kind: "link", path, target };
}
