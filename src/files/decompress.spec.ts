import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { chunksOf } from "../testing.js";
import { decompress } from "./decompress.js";

/** `printf abc | zstd`, and a frame that decompresses to nothing. */
const zstd = Buffer.from("28b52ffd0458190000616263990977ad", "hex");
const skippable = Buffer.from("502a4d180400000061626364", "hex");

describe("decompress", () => {
  const unpack = (blob: Buffer, size: number): Promise<Buffer> => buffer(decompress(chunksOf(blob, size)));
  for (const size of [1, 3, 1000]) {
    it(`knows gzip, zstd and plain bytes by their beginning, in chunks of ${size}`, async () => {
      const members = Buffer.concat([gzipSync("abc"), gzipSync("def")]);
      assert.equal((await unpack(members, size)).toString(), "abcdef");
      assert.equal((await unpack(Buffer.concat([skippable, zstd, zstd]), size)).toString(), "abcabc");
      assert.equal((await unpack(Buffer.from("plain"), size)).toString(), "plain");
      assert.equal((await unpack(Buffer.from("x"), size)).toString(), "x");
    });
  }

  it("fails for a blob that is cut off", async () => {
    await assert.rejects(unpack(gzipSync("a".repeat(10_000)).subarray(0, 20), 7), /unexpected end of file/);
  });
});
