import assert from "node:assert/strict";
import fc from "fast-check";
import { type EntryHeader, tarHeader } from "../../files/tar-blocks.js";
import { TarHeader } from "./tar-header.js";

/** A block in the form of old tars, where all is in the block. */
function block(fields: Readonly<Record<number, string>>): Buffer {
  const bytes = Buffer.alloc(512);
  for (const [at, field] of Object.entries(fields)) bytes.write(field, Number(at), "latin1");
  return bytes;
}

/** GNU's form of a long name: a header of its own, and the name. */
function longName(type: string, name: string): Buffer {
  const content = Buffer.alloc(512);
  content.write(name, "latin1");
  return Buffer.concat([block({ 124: name.length.toString(8).padStart(11, "0"), 156: type }), content]);
}

describe("the header of an entry", () => {
  it("reads what is written", () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
    });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(0o7777), fc.nat(4_000_000), (name, uid, mode, mtime) => {
        const xattrs = new Map([["user.a", name]]);
        const entry: EntryHeader = {
          ...{ path: `a${name}`, type: "2", linkName: `b${name}` },
          ...{ mode, uid, gid: 7, mtime: `${mtime}.25`, xattrs },
        };
        const header = new TarHeader(tarHeader(entry));
        const { type, linkName, gid } = header;
        assert.deepEqual({ type, linkName, gid }, { type: "2", linkName: `b${name}`, gid: 7 });
        assert.deepEqual([header.mode, header.uid, header.mtime], [mode, uid, `${mtime}.25`]);
        assert.deepEqual(header.xattrs, xattrs);
      }),
    );
  });

  it("reads a block of before POSIX", () => {
    const header = new TarHeader(block({ 100: "100644 \0", 108: " 1750\0", 136: "14512345670 ", 157: "to" }));
    assert.deepEqual([header.type, header.isOld, header.linkName], ["0", true, "to"]);
    assert.deepEqual([header.mode, header.uid, header.gid, header.mtime], [0o644, 1000, 0, "1697237944"]);
  });

  it("reads GNU's long targets and large numbers", () => {
    const target = `long/${"x".repeat(200)}`;
    const own = block({ 108: "\x80\0\0\0\0\x3d\x09\0", 136: "\xff".repeat(12), 156: "1", 157: "short" });
    const header = new TarHeader(Buffer.concat([longName("K", target), longName("L", "name"), own]));
    assert.deepEqual([header.type, header.linkName, header.uid], ["1", target, 4_000_000]);
    assert.deepEqual([header.mtime, header.isTimeless], ["-1", true]);
  });

  it("knows what is no number", () => {
    const header = new TarHeader(
      block({ 100: "rwx", 108: "\xff".repeat(8), 116: "\x80\0\0\0\xff\xff\xff\xff" }),
    );
    assert.deepEqual([header.mode, header.uid, header.gid], [undefined, undefined, undefined]);
  });
});
