import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { endOfTar, formatHeader, padding } from "../agent/pack/tar-header.js";
import { chunksOf } from "../testing.js";
import { readTar } from "./read-tar.js";
import type { TarEntry } from "./tar-entry.js";

async function readAll(tar: Buffer, size = 700): Promise<[TarEntry, string][]> {
  const found: [TarEntry, string][] = [];
  for await (const { entry, content } of readTar(chunksOf(tar, size))) {
    found.push([entry, (await buffer(content)).toString("latin1")]);
  }
  return found;
}

describe("readTar", () => {
  it("reads what the pack step writes: names of any bytes, large numbers, capabilities", async () => {
    const entries = fc.record({
      name: fc
        .string({
          unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
          minLength: 1,
          maxLength: 300,
        })
        .filter((name) => !name.endsWith("/")),
      mode: fc.bigInt({ min: 0n, max: 0o7777n }),
      uid: fc.bigInt({ min: 0n, max: 1n << 32n }),
      mtime: fc.bigInt({ min: -(1n << 33n), max: 1n << 35n }),
      capability: fc.option(
        fc.uint8Array({ minLength: 20, maxLength: 24 }).map((bytes) => Buffer.from(bytes)),
        { nil: undefined },
      ),
      content: fc.string({ unit: "grapheme-ascii", maxLength: 1500 }),
    });
    const property = fc.asyncProperty(fc.array(entries, { maxLength: 5 }), async (all) => {
      const tar = all.flatMap(({ content, ...entry }) => {
        const size = BigInt(content.length);
        const header = formatHeader({ ...entry, type: "file", gid: 7n, size });
        return [header, Buffer.from(content), padding(size)];
      });
      const found = await readAll(Buffer.concat([...tar, endOfTar]));
      assert.deepEqual(
        found.map(([{ name, mode, uid, gid, mtime, capability }, content]) => ({
          name,
          mode,
          uid,
          gid,
          mtime,
          capability,
          content,
        })),
        all.map(({ name, mode, uid, mtime, capability, content }) => ({
          name,
          mode: Number(mode),
          uid: Number(uid),
          gid: 7,
          mtime: Number(mtime),
          capability: capability?.toString("latin1"),
          content,
        })),
      );
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("tells a tar that is cut off, in a header, a content, or the blocks that fill it up", async () => {
    const header = formatHeader({ name: "a", type: "file", mode: 0n, uid: 0n, gid: 0n, mtime: 0n, size: 3n });
    const tar = Buffer.concat([header, Buffer.from("abc"), padding(3n), endOfTar]);
    for (const length of [1, 511, 512, 513, 1000, 1023, 1025, 1535]) {
      await assert.rejects(readAll(tar.subarray(0, length)), /it is cut off/, `${length} bytes`);
    }
    assert.equal((await readAll(tar.subarray(0, 1536))).length, 1);
    assert.equal(
      (await readAll(tar.subarray(0, 1024))).length,
      1,
      "Go reads a tar without its last blocks, too",
    );
  });

  it("refuses what is no tar", async () => {
    await assert.rejects(readAll(Buffer.alloc(1024, "no tar")), /a header has a wrong checksum/);
  });
});
