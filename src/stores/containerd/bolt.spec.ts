import assert from "node:assert/strict";
import { sha256 } from "../../image/digest.js";
import { Bucket, formatBolt } from "./bolt.js";
import { readBolt } from "./testing.js";

function filled(keys: readonly string[], value = "v"): Bucket {
  const bucket = new Bucket();
  for (const key of keys) bucket.put(key, value);
  return bucket;
}

const keys = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `key-${String(index).padStart(6, "0")}`);
const asTree = (names: readonly string[], value = "v") =>
  Object.fromEntries(names.map((name) => [name, value]));

describe("a bolt database", () => {
  it("of nothing has two meta pages, a freelist and an empty leaf", () => {
    const file = formatBolt(new Bucket());
    assert.deepEqual(
      [0, 1, 2, 3].map((page) => file.readUInt16LE(page * 4096 + 8)),
      [4, 4, 16, 2],
    );
    assert.equal(file.length, 4 * 4096);
    assert.deepEqual(readBolt(file), {});
  });

  it("has the same bytes whatever the order of the keys, and these", () => {
    const names = keys(500);
    const file = formatBolt(filled(names));
    assert.deepEqual(formatBolt(filled(names.toReversed())), file);
    assert.equal(sha256(file), "d255fccebe22a3095363dcb6349f625e2accc375890dc3355c58edaf3a06302b");
  });

  it("sorts by bytes", () => {
    const root = new Bucket()
      .put(Buffer.from([0x80]), "a")
      .put(Buffer.from([1, 0]), "b")
      .put("é", "c")
      .put("z", "d");
    assert.deepEqual(Object.keys(readBolt(formatBolt(root))), ["\x01\0", "z", "\x80", "\xc3\xa9"]);
  });

  it("has branches above many leaves, none with a single child", () => {
    for (const count of [100, 110, 120, 9_000, 20_000]) {
      const file = formatBolt(filled(keys(count)));
      assert.deepEqual(readBolt(file), asTree(keys(count)));
      for (let at = 0; at < file.length; at += 4096)
        assert.ok(file.readUInt16LE(at + 8) !== 1 || file.readUInt16LE(at + 10) > 1);
    }
  });

  it("has large values on pages of their own", () => {
    const large = "x".repeat(10_000);
    assert.deepEqual(readBolt(formatBolt(filled(keys(5), large))), asTree(keys(5), large));
  });

  it("has buckets in buckets, small and large, with their sequences", () => {
    const root = new Bucket();
    root.bucket("a").bucket("small").put("k", "v").sequence = 7;
    root
      .bucket("a")
      .put("large", filled(keys(1_000)))
      .bucket("empty");
    root.bucket("a").sequence = 2 ** 40;
    assert.deepEqual(readBolt(formatBolt(root)), {
      a: { "": 2 ** 40, small: { "": 7, k: "v" }, large: asTree(keys(1_000)), empty: {} },
    });
    assert.throws(() => root.put("", "v"), /never empty/);
  });
});
