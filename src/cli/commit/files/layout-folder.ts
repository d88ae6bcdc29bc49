/** The OCI layout that carries the inner images to the builder. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LarderError } from "../../../error.js";
import { type Digest, digestOf } from "../../../image/digest.js";
import { formatLayoutIndex, type LayoutEntry } from "../../../image/layout-index.js";
import { blobPath } from "../../../image/oci-layout.js";

export class LayoutFolder {
  readonly path: string;
  readonly #signal: AbortSignal;
  #number = 0;

  private constructor(path: string, signal: AbortSignal) {
    this.path = path;
    this.#signal = signal;
  }

  static async create(path: string, signal: AbortSignal): Promise<LayoutFolder> {
    await mkdir(join(path, "blobs/sha256"), { recursive: true });
    await writeFile(join(path, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return new LayoutFolder(path, signal);
  }

  /** Keeps a stream as a blob. @throws LarderError if it is not the expected one. */
  async add(content: AsyncIterable<unknown>, expected?: Digest): Promise<{ digest: Digest; size: number }> {
    const path = join(this.path, `blobs/.part-${++this.#number}`);
    const hash = createHash("sha256");
    let size = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    await pipeline(content, count, createWriteStream(path), { signal: this.#signal });
    const digest = `sha256:${hash.digest("hex")}`;
    if (expected !== undefined && digest !== expected)
      throw new LarderError(`the inner daemon gave a blob ${digest} in the place of ${expected}`);
    await rename(path, join(this.path, blobPath(digest)));
    return { digest, size };
  }

  async addDocument(bytes: Buffer): Promise<Digest> {
    const digest = digestOf(bytes);
    await writeFile(join(this.path, blobPath(digest)), bytes);
    return digest;
  }

  /** @returns undefined for a blob that is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    return (await stat(join(this.path, blobPath(digest))).catch(() => undefined))?.size;
  }

  async read(digest: Digest): Promise<Buffer | undefined> {
    return readFile(join(this.path, blobPath(digest))).catch(() => undefined);
  }

  /** Removes all blobs but these. */
  async keepOnly(digests: ReadonlySet<Digest>): Promise<void> {
    const folder = join(this.path, "blobs/sha256");
    for (const name of await readdir(folder)) {
      if (!digests.has(`sha256:${name}`)) await rm(join(folder, name));
    }
  }

  async finish(entries: readonly LayoutEntry[]): Promise<void> {
    await writeFile(join(this.path, "index.json"), formatLayoutIndex(entries));
  }
}
