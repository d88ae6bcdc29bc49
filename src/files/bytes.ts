/**
 * Names in a layer are bytes, not text. A byte string has one character for each byte (latin1), so it can be a key, can
 * be sorted bytewise, and reaches the file system unchanged.
 */
export type ByteString = string;

export function fromBytes(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function toBytes(name: ByteString): Buffer {
  return Buffer.from(name, "latin1");
}

/** Orders byte strings by their bytes and other strings by their UTF-16 units, never by locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The directories above a relative path, outermost first: `a` and `a/b` for `a/b/c`. */
export function parentsOf(path: ByteString): ByteString[] {
  const parents: ByteString[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    parents.push(path.slice(0, slash));
  }
  return parents;
}
