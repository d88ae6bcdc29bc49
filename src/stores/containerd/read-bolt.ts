/** Reads a database of bbolt, of which nothing is known: the format is described in {@link ./bolt.ts}. */

/** Values by their keys, both as latin1. A bucket is a map of its own. */
export type BoltTree = ReadonlyMap<string, string | BoltTree>;

const pageHeader = 16;
const elementHeader = 16;
const flags = { branch: 1, leaf: 2, meta: 4 } as const;
const bucketFlag = 1;
const magic = 0xed0cdaed;
const maxDepth = 64;

/** @throws Error for a file of another form, or a damaged one. */
export function readBolt(file: Buffer): BoltTree {
  const metas = [0, findPageSize(file)].map((at) => readMeta(file, at)).filter((meta) => meta !== undefined);
  const [newest] = metas.sort((a, b) => b.transaction - a.transaction);
  if (!newest) throw new Error("it is no bolt database");
  const reader = new Reader(file, newest.pageSize);
  return reader.bucket(newest.root, 0);
}

interface Meta {
  readonly pageSize: number;
  /** The root bucket: its page, its sequence. */
  readonly root: Buffer;
  readonly transaction: number;
}

/** The second meta page comes after the first one, whose page size may be damaged. */
function findPageSize(file: Buffer): number {
  const stated = file.length >= pageHeader + 12 ? file.readUInt32LE(pageHeader + 8) : 0;
  return stated >= 512 && stated <= 1 << 16 ? stated : 4096;
}

function readMeta(file: Buffer, at: number): Meta | undefined {
  const start = at + pageHeader;
  if (file.length < start + 64 || file.readUInt32LE(start) !== magic) return undefined;
  if (file.readBigUInt64LE(start + 56) !== fnv1a(file.subarray(start, start + 56))) return undefined;
  return {
    pageSize: file.readUInt32LE(start + 8),
    root: file.subarray(start + 16, start + 32),
    transaction: Number(file.readBigUInt64LE(start + 48)),
  };
}

class Reader {
  readonly #file: Buffer;
  readonly #pageSize: number;
  /** Each page belongs to one place of the tree. */
  readonly #read = new Set<number>();

  constructor(file: Buffer, pageSize: number) {
    this.#file = file;
    this.#pageSize = pageSize;
  }

  /** @param value the number of the bucket's page and its sequence; with page 0, the page follows. */
  bucket(value: Buffer, depth: number): BoltTree {
    const tree = new Map<string, string | BoltTree>();
    const page = Number(value.readBigUInt64LE(0));
    this.#entries(page === 0 ? value.subarray(16) : this.#page(page), depth, tree);
    return tree;
  }

  #page(number: number): Buffer {
    const start = number * this.#pageSize;
    if (this.#read.has(number) || start + pageHeader > this.#file.length)
      throw new Error(`page ${number} is wrong`);
    this.#read.add(number);
    const overflow = this.#file.readUInt32LE(start + 12);
    return this.#file.subarray(start, start + (overflow + 1) * this.#pageSize);
  }

  #entries(page: Buffer, depth: number, tree: Map<string, string | BoltTree>): void {
    if (depth > maxDepth) throw new Error("its buckets are too deep");
    const kind = page.readUInt16LE(8);
    if (kind !== flags.leaf && kind !== flags.branch)
      throw new Error(`a page of kind ${kind} is in its tree`);
    for (let index = 0; index < page.readUInt16LE(10); index++) {
      const at = pageHeader + index * elementHeader;
      if (kind === flags.branch) {
        this.#entries(this.#page(Number(page.readBigUInt64LE(at + 8))), depth + 1, tree);
        continue;
      }
      const keyAt = at + page.readUInt32LE(at + 4);
      const valueAt = keyAt + page.readUInt32LE(at + 8);
      const end = valueAt + page.readUInt32LE(at + 12);
      if (end > page.length) throw new Error("an element is cut off");
      const value = page.subarray(valueAt, end);
      const isBucket = (page.readUInt32LE(at) & bucketFlag) !== 0;
      const key = page.toString("latin1", keyAt, valueAt);
      tree.set(key, isBucket ? this.bucket(value, depth + 1) : value.toString("latin1"));
    }
  }
}

function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
