import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A part of the spool. */
export interface Spooled {
  readonly start: number;
  readonly length: number;
}

/** One temporary file for contents that come before they are needed. Without such contents, there is no file. */
export class Spool {
  #folder: string | undefined;
  #file: FileHandle | undefined;
  #end = 0;

  async put(content: AsyncIterable<Buffer>): Promise<Spooled> {
    const file = await this.#open();
    const start = this.#end;
    for await (const chunk of content) {
      await file.write(chunk, 0, chunk.length, this.#end);
      this.#end += chunk.length;
    }
    return { start, length: this.#end - start };
  }

  async *read({ start, length }: Spooled): AsyncGenerator<Buffer> {
    const file = await this.#open();
    for (let done = 0; done < length; ) {
      const size = Math.min(length - done, 1 << 18);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, start + done);
      if (bytesRead === 0) throw new Error("the temporary file is shorter than what was written to it");
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
    this.#file = this.#folder = undefined;
  }

  async #open(): Promise<FileHandle> {
    if (this.#file) return this.#file;
    this.#folder = await mkdtemp(join(tmpdir(), "larder-verify-"));
    this.#file = await open(join(this.#folder, "spool"), "w+", 0o600);
    return this.#file;
  }
}
