import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { onlyAsRoot } from "../../testing.js";
import { readFiles } from "./read-files.js";
import { capability, makeCapable, makeWork, shell } from "./testing.js";

describe("files of a tree", () => {
  let work = "";
  beforeEach(() => {
    work = makeWork();
    shell(work, "echo one >-one; : >none; truncate -s 1000000 large; ln -- -one ' two '; touch -d @1.5 none");
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const files = [
    { path: "large", size: 1_000_000n },
    { path: "-one", size: 4n },
    { path: "none", size: 0n },
    { path: " two ", size: 4n },
  ];

  it("are read in the order in which they are given, each with its content", async () => {
    const contents: Buffer[] = [];
    for await (const { content } of readFiles(work, files)) contents.push(await buffer(content));
    const [large, ...rest] = contents;
    assert.ok(large?.equals(Buffer.alloc(1_000_000)));
    assert.deepEqual(
      rest.map((content) => content.toString()),
      ["one\n", "", "one\n"],
    );
  });

  it("may be left unread", async () => {
    let seen = "";
    let count = 0;
    for await (const { content } of readFiles(work, files)) {
      count += 1;
      if (count === 2) seen = (await buffer(content)).toString();
    }
    assert.deepEqual([count, seen], [4, "one\n"]);
  });

  it("come with their capability, whatever its bytes", async function () {
    onlyAsRoot(this);
    makeCapable(work, "capable");
    const found: (Buffer | undefined)[] = [];
    const wanted = [...files.slice(0, 1), { path: "capable", size: 0n }, ...files.slice(1, 2)];
    for await (const { capability } of readFiles(work, wanted)) found.push(capability);
    assert.deepEqual(found, [undefined, capability, undefined]);
  });

  it("that do not exist are an error", async () => {
    const read = async () => {
      for await (const _ of readFiles(work, [{ path: "missing", size: 5n }, ...files]));
    };
    await assert.rejects(read, /^Error: reading files of .*: tar: missing: Cannot stat: No such file/);
  });
});
