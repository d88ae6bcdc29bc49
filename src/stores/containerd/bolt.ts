/**
 * Writes a whole database of bbolt, the key-value store of containerd. The same tree always gives the same bytes.
 *
 * The format: go.etcd.io/bbolt, internal/common/{page,meta,inode,bucket}.go; numbers are little-endian.
 */

/** A bucket: its keys, and the number that `NextSequence` gave last. */
export class Bucket {
  sequence = 0;
  readonly #entries = new Map<string, readonly [key: Buffer, value: Buffer | Bucket]>();

  put(key: string | Buffer, value: string | Buffer | Bucket): this {
    const bytes = Buffer.from(key as string);
    if (bytes.length === 0) throw new Error("a key of a bolt database is never empty");
    this.#entries.set(bytes.toString("latin1"), [
      bytes,
      typeof value === "string" ? Buffer.from(value) : value,
    ]);
    return this;
  }

  /** The bucket below this key. It is made if need be. */
  bucket(key: string): Bucket {
    const present = this.#entries.get(Buffer.from(key).toString("latin1"))?.[1];
    if (present instanceof Bucket) return present;
    const made = new Bucket();
    this.put(key, made);
    return made;
  }

  /** Sorted by the bytes of the keys. */
  sorted(): (readonly [key: Buffer, value: Buffer | Bucket])[] {
    return [...this.#entries.values()].sort(([a], [b]) => Buffer.compare(a, b));
  }
}

const pageSize = 4096;
const pageHeader = 16;
const elementHeader = 16;
const firstDataPage = 3;
const flags = { branch: 1, leaf: 2, meta: 4, freelist: 16 } as const;
const bucketFlag = 1;
/** A small bucket without buckets of its own lies in its parent's page (bucket.go, `inlineable`). */
const maxInline = pageSize / 4;

/** An entry of a leaf or, if it has a page, of a branch. */
interface Element {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  readonly page?: number;
}

/** The bytes of a database with this root bucket. */
export function formatBolt(root: Bucket): Buffer {
  const pages = new Pages();
  const rootPage = pages.tree(pages.elementsOf(root));
  const meta = { rootPage, sequence: root.sequence, pages: pages.next };
  return Buffer.concat([
    formatMeta(0, meta),
    formatMeta(1, meta),
    onPages(formatPage(2, flags.freelist, [])),
    ...pages.written,
  ]);
}

class Pages {
  readonly written: Buffer[] = [];
  next = firstDataPage;

  elementsOf(bucket: Bucket): Element[] {
    return bucket.sorted().map(([key, value]) => {
      if (!(value instanceof Bucket)) return { key, value, flags: 0 };
      return { key, value: this.#bucketValue(value), flags: bucketFlag };
    });
  }

  /** Writes elements and the branches above them. @returns the page at the top */
  tree(elements: readonly Element[]): number {
    let level = chunk(elements, 1).map((part) => this.#page(flags.leaf, part));
    while (level.length > 1) level = chunk(level, 2).map((part) => this.#page(flags.branch, part));
    return level[0]?.page ?? 0;
  }

  /** The number of the root page and the sequence. Page 0 means: the page follows here. */
  #bucketValue(bucket: Bucket): Buffer {
    const elements = this.elementsOf(bucket);
    const header = Buffer.alloc(16);
    header.writeBigUInt64LE(BigInt(bucket.sequence), 8);
    const isSmall = pageHeader + sum(elements.map(sizeOf)) <= maxInline;
    if (isSmall && elements.every((element) => element.flags !== bucketFlag))
      return Buffer.concat([header, formatPage(0, flags.leaf, elements)]);
    header.writeBigUInt64LE(BigInt(this.tree(elements)), 0);
    return header;
  }

  /** @returns the element of the branch above */
  #page(kind: number, elements: readonly Element[]): Element & { readonly page: number } {
    const page = this.next;
    const bytes = onPages(formatPage(page, kind, elements));
    this.written.push(bytes);
    this.next += bytes.length / pageSize;
    return { key: elements[0]?.key ?? Buffer.alloc(0), value: Buffer.alloc(0), flags: 0, page };
  }
}

/** Splits elements into pages; a larger element gets overflow pages. An empty bucket has one page, too. */
function chunk<T extends Element>(elements: readonly T[], least: 1 | 2): T[][] {
  let last: T[] = [];
  const chunks = [last];
  let size = pageHeader;
  for (const element of elements) {
    if (last.length >= least && size + sizeOf(element) > pageSize) {
      last = [];
      chunks.push(last);
      size = pageHeader;
    }
    last.push(element);
    size += sizeOf(element);
  }
  // bbolt panics when it removes from a branch with one child (node.go, `rebalance`).
  const before = chunks.at(-2);
  if (before && last.length < least) {
    if (before.length > least) last.unshift(...before.splice(-1));
    else before.push(...(chunks.pop() ?? []));
  }
  return chunks;
}

function sizeOf({ key, value }: Element): number {
  return elementHeader + key.length + value.length;
}

function formatPage(page: number, kind: number, elements: readonly Element[]): Buffer {
  const bytes = Buffer.alloc(pageHeader + sum(elements.map(sizeOf)));
  bytes.writeBigUInt64LE(BigInt(page), 0);
  bytes.writeUInt16LE(kind, 8);
  bytes.writeUInt16LE(elements.length, 10);
  bytes.writeUInt32LE(Math.max(0, Math.ceil(bytes.length / pageSize) - 1), 12);
  let data = pageHeader + elements.length * elementHeader;
  for (const [index, { key, value, flags: flag, page: child }] of elements.entries()) {
    const header = pageHeader + index * elementHeader;
    // Positions count from the element's own header.
    const fields = child === undefined ? [flag, data - header, key.length] : [data - header, key.length];
    for (const [field, number] of fields.entries()) bytes.writeUInt32LE(number, header + field * 4);
    if (child === undefined) bytes.writeUInt32LE(value.length, header + 12);
    else bytes.writeBigUInt64LE(BigInt(child), header + 8);
    data += key.copy(bytes, data);
    data += value.copy(bytes, data);
  }
  return bytes;
}

function formatMeta(
  page: 0 | 1,
  { rootPage, sequence, pages }: { rootPage: number; sequence: number; pages: number },
): Buffer {
  const header = formatPage(page, flags.meta, []);
  const meta = Buffer.alloc(64);
  for (const [index, number] of [0xed0cdaed, 2, pageSize, 0].entries()) meta.writeUInt32LE(number, index * 4);
  // Root page, its sequence, freelist, number of pages, transaction.
  for (const [index, number] of [rootPage, sequence, 2, pages, page].entries())
    meta.writeBigUInt64LE(BigInt(number), 16 + index * 8);
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56);
  return onPages(Buffer.concat([header, meta]));
}

function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** With zeros up to the end of the last page. */
function onPages(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / pageSize) * pageSize);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
