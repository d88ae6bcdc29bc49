import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
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
      globals: [],
      links: [],
      hasXattrs: false,
    });
  });

  it("gives the headers of hard links", async () => {
    const header = Buffer.alloc(512);
    for (const [at, field] of [
      [100, "0004755\0"],
      [108, "0001750\0"],
      [116, "0000000\0"],
      [136, "14512345670\0"],
      [156, "1"],
      [257, "ustar"],
    ] as const) {
      header.write(field, at, "latin1");
    }
    const before = {
      type: 2,
      payload: Buffer.concat([Buffer.alloc(512), header]).toString("base64"),
      position: 0,
    };
    const read = await readTarSplit(file([before, { type: 1, name: "a/link", payload: null, position: 1 }]));
    const link = { path: "a/link", mode: 0o4755, uid: 1000, gid: 0, mtime: 0o14512345670 };
    assert.deepEqual(read.links, [link]);

    // Numbers that are too large for a field: in a pax header, and in GNU's form.
    header.fill(0, 116, 124);
    header.write("\x80", 116, "latin1");
    header.writeUInt32BE(4_000_000, 120);
    const pax = Buffer.alloc(512);
    pax.write("15 uid=3000000\n21 mtime=1234567890.5\n", "latin1");
    const large = { ...before, payload: Buffer.concat([pax, header]).toString("base64") };
    const again = await readTarSplit(file([large, { type: 1, name: "a/link", payload: null, position: 1 }]));
    assert.deepEqual(again.links, [{ ...link, uid: 3_000_000, gid: 4_000_000, mtime: 1_234_567_890 }]);
  });

  it("sees extended attributes in the pax records", async () => {
    const record = "30 SCHILY.xattr.security.capability=...";
    assert.equal(
      (await readTarSplit(file([segment("plain"), segment(record), segment("plain")]))).hasXattrs,
      true,
    );
  });

  it("refuses a file of another kind", async () => {
    await assert.rejects(readTarSplit(file("{}\n")), /not an entry of a tar-split file: \{\}/);
    writeFileSync(`${work}/plain`, "plain");
    await assert.rejects(readTarSplit(`${work}/plain`), /incorrect header check/);
    await assert.rejects(readTarSplit(`${work}/none`), /ENOENT/);
  });
});
