import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { digestOf, hexOf } from "../image/digest.js";
import { onlyAsRoot } from "../testing.js";
import { shelve } from "./shelve.js";

describe("the shelve step", () => {
  let work = "";
  before(function () {
    onlyAsRoot(this);
  });
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-shelve-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const places = {
    blob: (i: number) => `${work}/in/${i}`,
    layer: (k: number) => `${work}/out/${k}`,
  };

  function put(i: number, text: string): string {
    mkdirSync(`${work}/in`, { recursive: true });
    writeFileSync(places.blob(i), text, { mode: 0o600 });
    return digestOf(Buffer.from(text));
  }

  it("makes an outer layer of blobs, with nothing in it that tells when", async () => {
    const blobs = [put(0, "one"), put(1, "two")];
    await shelve({ kind: "shelve", blobs }, places);
    const file = (digest = "") => `${places.layer(0)}/usr/lib/larder/blobs/sha256/${hexOf(digest)}`;
    assert.equal(readFileSync(file(blobs[0]), "utf8"), "one");
    for (const path of blobs.map(file)) {
      const { mode, uid, mtimeMs } = statSync(path);
      assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o644, 0, 0]);
    }
    for (const path of ["", "/usr", "/usr/lib", "/usr/lib/larder/blobs/sha256"]) {
      const { mode, mtimeMs } = statSync(places.layer(0) + path);
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o755, 0], path);
    }
  });

  it("refuses a blob with other bytes", async () => {
    const digest = digestOf(Buffer.from("one"));
    put(0, "two");
    await assert.rejects(
      shelve({ kind: "shelve", blobs: [digest] }, places),
      /^Error: its layer sha256:.* is corrupt/,
    );
  });
});
