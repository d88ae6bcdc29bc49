import assert from "node:assert/strict";
import { Bucket, formatBolt } from "./bolt.js";
import { type BoltTree, readBolt } from "./read-bolt.js";

function plain(tree: BoltTree): object {
  return Object.fromEntries(
    [...tree].map(([key, value]) => [key, typeof value === "string" ? value : plain(value)]),
  );
}

describe("readBolt", () => {
  const database = (entries: number): Buffer => {
    const root = new Bucket();
    const many = root.bucket("v1").bucket("many");
    for (let index = 0; index < entries; index++)
      many.put(`key ${String(index).padStart(5, "0")}`, "v".repeat(index % 90));
    root.bucket("v1").put("long", "x".repeat(20_000)).bucket("inline").put("k", "v");
    return formatBolt(root);
  };

  it("reads inline buckets, branches and overflow pages", () => {
    const tree = plain(readBolt(database(3000))) as { v1: { many: object; long: string; inline: object } };
    assert.deepEqual(Object.keys(tree), ["v1"]);
    assert.equal(Object.keys(tree.v1.many).length, 3000);
    assert.equal(tree.v1.long.length, 20_000);
    assert.deepEqual(tree.v1.inline, { k: "v" });
  });

  it("takes the newest of the two meta pages that are whole", () => {
    const file = database(1);
    file[4096 + 40] = 0xff;
    assert.ok(readBolt(file).has("v1"));
    file[40] = 0xff;
    assert.throws(() => readBolt(file), /it is no bolt database/);
  });

  it("refuses a file that is cut off", () => {
    const file = database(3000);
    assert.throws(() => readBolt(file.subarray(0, 4096 * 5)), /page \d+ is wrong/);
    assert.throws(() => readBolt(Buffer.alloc(0)), /it is no bolt database/);
  });
});
