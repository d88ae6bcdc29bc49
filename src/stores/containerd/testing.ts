/** A tree of keys (as latin1) and values; a bucket has its sequence under the empty key, if it is not 0. */
export interface Tree {
  readonly [key: string]: string | number | Tree;
}

/** Reads a bolt database, for specs. */
export function readBolt(file: Buffer): Tree {
  const root = file.subarray(16 + 4096 + 16, 16 + 4096 + 32);
  return bucket(file, root);
}

function bucket(file: Buffer, value: Buffer): Tree {
  const [root, sequence] = [Number(value.readBigUInt64LE(0)), Number(value.readBigUInt64LE(8))];
  const page = root === 0 ? value.subarray(16) : file.subarray(root * 4096);
  return { ...(sequence > 0 && { "": sequence }), ...Object.fromEntries(entries(file, page)) };
}

function entries(file: Buffer, page: Buffer): [string, string | Tree][] {
  const isLeaf = page.readUInt16LE(8) === 2;
  return Array.from({ length: page.readUInt16LE(10) }, (_, index) => 16 + index * 16).flatMap((at) => {
    if (!isLeaf) return entries(file, file.subarray(Number(page.readBigUInt64LE(at + 8)) * 4096));
    const [flags, position, keySize, size] = [0, 4, 8, 12].map((field) => page.readUInt32LE(at + field));
    const start = at + Number(position);
    const split = start + Number(keySize);
    const value = page.subarray(split, split + Number(size));
    const key = page.toString("latin1", start, split);
    return [[key, flags === 1 ? bucket(file, value) : value.toString("latin1")]];
  });
}
