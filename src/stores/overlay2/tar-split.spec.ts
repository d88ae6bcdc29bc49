import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { type EntryHeader, tarHeader } from "../../files/tar-blocks.js";
import { readTarSplit } from "./tar-split.js";

function segment(text: string, position = 0): object {
  return { type: 2, payload: Buffer.from(text).toString("base64"), position };
}

describe("readTarSplit", () => {
  let work = "";
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-tar-split-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  function file(content: string | readonly object[]): string {
    const text =
      typeof content === "string" ? content : content.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    writeFileSync(`${work}/tar-split.json.gz`, gzipSync(text));
    return `${work}/tar-split.json.gz`;
  }

  it("gives directories and deletions, as bytes", async () => {
    const read = await readTarSplit(
      file([
        segment("header"),
        { type: 1, name: "./", payload: "", position: 1 },
        { type: 1, name: "ä/.wh.gone", size: 3, payload: "AAAAAAAAAAA=", position: 2 },
        {
          type: 1,
          name_raw: Buffer.from([0x61, 0xff, 0x2f, 0x62]).toString("base64"),
          payload: null,
          position: 3,
        },
        { type: 1, name: "plain", payload: "", position: 4 },
        { type: 1, name: "plain/below", payload: "", position: 5 },
      ]),
    );
    assert.deepEqual(read, {
      whiteouts: ["\u00c3\u00a4/gone"],
      implied: ["a\u00ff", "\u00c3\u00a4"],
      deleted: ["\u00c3\u00a4/gone"],
      strange: undefined,
      unknown: undefined,
      isPlain: false,
      globals: [],
      links: [],
      hasXattrs: false,
    });
  });

  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: "1" };

  /** The record of a tar of such headers. */
  function entries(...headers: (Pick<EntryHeader, "path"> & Partial<EntryHeader>)[]): object[] {
    return headers.flatMap((header, index) => [
      {
        type: 2,
        payload: tarHeader({ type: "0", ...attributes, ...header }).toString("base64"),
        position: 2 * index,
      },
      { type: 1, name: header.path, payload: null, position: 2 * index + 1 },
    ]);
  }

  it("gives the headers of hard links", async () => {
    const link = { path: "a/link", type: "1", linkName: "a/file", mode: 0o4755, uid: 3_000_000 };
    const read = await readTarSplit(file(entries({ path: "a/file" }, { ...link, mtime: "1234567890.5" })));
    assert.deepEqual(read.links, [
      { path: "a/link", mode: 0o4755, uid: 3_000_000, gid: 0, mtime: 1_234_567_890 },
    ]);
    assert.equal(read.isPlain, true);
  });

  it("sees extended attributes in the pax records", async () => {
    const marked = { path: "b", xattrs: new Map([["security.capability", "\0\n\xff"]]) };
    assert.equal((await readTarSplit(file(entries({ path: "a" }, marked)))).hasXattrs, true);
    assert.equal((await readTarSplit(file(entries({ path: "a" }, { path: "b" })))).hasXattrs, false);
  });

  const xattrs = new Map([["security.capability", "x"]]);
  const cases: readonly [what: string, headers: Parameters<typeof entries>, isPlain: boolean][] = [
    ["a file in a directory", [{ path: "a", type: "5" }, { path: "a/b" }], true],
    ["a directory after its content", [{ path: "a/b" }, { path: "a", type: "5" }], true],
    ["absolute names alone", [{ path: "/a" }, { path: "/b" }], true],
    [
      "a file with an attribute",
      [
        { path: "a", xattrs },
        { path: "b", type: "1", linkName: "c" },
      ],
      true,
    ],
    ["absolute and relative names", [{ path: "/a" }, { path: "b" }], false],
    ["a name below a link", [{ path: "a", type: "2", linkName: "b" }, { path: "a/b" }], false],
    ["a link above its names", [{ path: "a/b" }, { path: "a", type: "2", linkName: "b" }], false],
    ["a whiteout below a link", [{ path: "a", type: "2", linkName: "b" }, { path: "a/.wh.b" }], false],
    ["a name with ..", [{ path: "a/../b" }], false],
    ["a time before 1970", [{ path: "a", mtime: "-1" }], false],
    ["a hard link to a name with ..", [{ path: "a", type: "1", linkName: "b/../c" }], false],
    ["a hard link to a name in no directory", [{ path: "a", type: "1", linkName: "b/c" }], false],
    [
      "a hard link with an attribute",
      [{ path: "a" }, { path: "b", type: "1", linkName: "a", xattrs }],
      false,
    ],
    [
      "a hard link to an attribute",
      [
        { path: "a", xattrs },
        { path: "b", type: "1", linkName: "a" },
      ],
      false,
    ],
    ["a file that is the root", [{ path: "." }], false],
    ["a file whose name ends as a directory's", [{ path: "a/" }], false],
  ];
  for (const [what, headers, isPlain] of cases) {
    it(`${what}: ${isPlain ? "plain" : "not plain"}`, async () => {
      assert.equal((await readTarSplit(file(entries(...headers)))).isPlain, isPlain);
    });
  }

  it("gives an entry of a type that engines do not know", async () => {
    const { unknown } = await readTarSplit(file(entries({ path: "a" }, { path: "b", type: "7" })));
    assert.equal(unknown?.name, "b");
  });

  it("refuses a file of another kind", async () => {
    await assert.rejects(readTarSplit(file("{}\n")), /not an entry of a tar-split file: \{\}/);
    writeFileSync(`${work}/plain`, "plain");
    await assert.rejects(readTarSplit(`${work}/plain`), /incorrect header check/);
    await assert.rejects(readTarSplit(`${work}/none`), /ENOENT/);
  });
});
