declare module "hpack.js" {
  import type { Duplex } from "node:stream";

  interface Decompressor extends Duplex {
    execute(): void;
    read(): { name: string; value: string } | null;
  }
  interface Compressor extends Duplex {
    write(fields: readonly { name: string; value: string }[]): boolean;
    read(): Buffer;
  }
  /** For tests. Codes all values with Huffman's code. */
  export const compressor: { create(options: { table: { size: number } }): Compressor };
  export const decompressor: { create(options: { table: { size: number } }): Decompressor };
}
