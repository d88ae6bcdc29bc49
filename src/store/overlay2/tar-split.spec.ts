import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parseTarSplit } from "./tar-split.js";

function tarSplit(...entries: object[]): Buffer {
  return gzipSync(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
}

function segment(text: string, position = 0): object {
  return { type: 2, payload: Buffer.from(text).toString("base64"), position };
}

describe("parseTarSplit", () => {
  it("gives the names in the order of the tar, as bytes", () => {
    const bytes = tarSplit(
      segment("header"),
      { type: 1, name: "./", payload: "", position: 1 },
      { type: 1, name: "ä", size: 3, payload: "AAAAAAAAAAA=", position: 2 },
      { type: 1, name_raw: Buffer.from([0x61, 0xff]).toString("base64"), payload: null, position: 3 },
    );
    assert.deepEqual(parseTarSplit(bytes), { names: ["./", "\u00c3\u00a4", "a\u00ff"], hasXattrs: false });
  });

  it("sees extended attributes in the pax records", () => {
    const bytes = tarSplit(
      segment("plain"),
      segment("30 SCHILY.xattr.security.capability=..."),
      segment("plain"),
    );
    assert.equal(parseTarSplit(bytes).hasXattrs, true);
  });

  it("refuses what is no tar-split", () => {
    assert.throws(() => parseTarSplit(gzipSync("{}\n")), /not an entry of a tar-split file: \{\}/);
    assert.throws(() => parseTarSplit(Buffer.from("plain")), /incorrect header check/);
  });
});
