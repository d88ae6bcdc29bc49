import assert from "node:assert/strict";
import { linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { onlyAsRoot } from "../../testing.js";
import { applyLinks } from "./apply-links.js";

describe("applyLinks", () => {
  let files = "";
  before(function () {
    onlyAsRoot(this);
  });
  beforeEach(() => {
    files = mkdtempSync(`${tmpdir()}/larder-links-`);
    writeFileSync(`${files}/file`, "x", { mode: 0o644 });
    linkSync(`${files}/file`, `${files}/link`);
  });
  afterEach(() => rmSync(files, { recursive: true }));

  it("gives the file what its last link says", async () => {
    const first = { path: "link", mode: 0o600, uid: 1, gid: 2, mtime: 5 };
    await applyLinks([first, { ...first, mode: 0o4755, uid: 1000, gid: 1000, mtime: 1_000_000_000 }], files);
    const { mode, uid, gid, mtimeMs } = statSync(`${files}/file`);
    assert.deepEqual([mode & 0o7777, uid, gid, mtimeMs], [0o4755, 1000, 1000, 1e12]);
  });

  it("changes nothing behind a link that took the place of a directory", async () => {
    const outside = mkdtempSync(`${tmpdir()}/larder-outside-`);
    writeFileSync(`${outside}/link`, "x");
    symlinkSync(outside, `${files}/a`);
    await applyLinks([{ path: "a/link", mode: 0o777, uid: 1, gid: 1, mtime: 1 }], files);
    assert.equal(statSync(`${outside}/link`).uid, 0);
    rmSync(outside, { recursive: true });
  });

  it("leaves what the header does not say, and links that are replaced by others", async () => {
    const before = statSync(`${files}/file`).mtimeMs;
    await applyLinks(
      [{ path: "link", mode: undefined, uid: undefined, gid: undefined, mtime: undefined }],
      files,
    );
    assert.equal(statSync(`${files}/file`).mtimeMs, before);
    symlinkSync("file", `${files}/symbolic`);
    await applyLinks([{ path: "symbolic", mode: 0, uid: 1, gid: 1, mtime: 1 }], files);
    assert.equal(statSync(`${files}/file`).uid, 0);
  });
});
