/** Another implementation, which the tests compare with Larder's own. */
declare module "hpack.js" {
  import type { Duplex } from "node:stream";

  interface Field {
    readonly name: string;
    readonly value: string;
  }
  interface Decompressor extends Duplex {
    execute(): void;
    read(): Field | null;
  }
  interface Compressor extends Duplex {
    /** `incremental: false` keeps a field out of the dynamic table. */
    write(
      fields: readonly (Field & { readonly incremental?: boolean; readonly huffman?: boolean })[],
    ): boolean;
    read(): Buffer;
  }
  export const compressor: { create(options: { table: { size: number } }): Compressor };
  export const decompressor: { create(options: { table: { size: number } }): Decompressor };
}
