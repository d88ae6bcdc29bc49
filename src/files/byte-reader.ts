/** A number of bytes from a stream, as chunks. */
export interface Data extends AsyncIterable<Buffer> {
  /** Skips the chunks that nobody has read. */
  rest(): Promise<void>;
}

/** Reads a stream by counts of bytes. @throws Error if the stream ends before. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) throw new Error("it is cut off");
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) throw new Error("it is cut off");
      missing -= part.length;
    }
  }

  take(length: number): Data {
    let missing = length;
    const next = async (): Promise<Buffer | undefined> => {
      if (missing === 0) return undefined;
      const part = await this.#next(missing);
      if (part === undefined) throw new Error("it is cut off");
      missing -= part.length;
      return part;
    };
    return {
      async *[Symbol.asyncIterator]() {
        for (let part = await next(); part !== undefined; part = await next()) yield part;
      },
      rest: async () => {
        while (missing > 0) await next();
      },
    };
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  async drain(): Promise<void> {
    while ((await this.#next(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** At most this many bytes; undefined at the end. */
  async #next(most: number): Promise<Buffer | undefined> {
    return (await this.#fill()) ? this.#cut(Math.min(most, this.#chunk.length)) : undefined;
  }

  /** @returns false at the end. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return false;
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return true;
  }

  #cut(length: number): Buffer {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }
}
