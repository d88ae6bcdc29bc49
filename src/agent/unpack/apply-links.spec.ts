import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
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

  it("gives a symbolic link its owner, and a fifo all", async () => {
    symlinkSync("file", `${files}/symbolic`);
    linkSync(`${files}/symbolic`, `${files}/second`);
    execFileSync("mkfifo", [`${files}/fifo`]);
    const header = { mode: 0o600, uid: 3_000_000, gid: 7, mtime: 9 };
    await applyLinks(
      [
        { path: "second", ...header },
        { path: "fifo", ...header },
      ],
      files,
    );
    const [symbolic, fifo, file] = ["symbolic", "fifo", "file"].map((name) => lstatSync(`${files}/${name}`));
    assert.deepEqual([symbolic?.uid, symbolic?.gid], [3_000_000, 7]);
    assert.deepEqual([(fifo?.mode ?? 0) & 0o7777, fifo?.uid, fifo?.mtimeMs], [0o600, 3_000_000, 9000]);
    assert.equal(file?.uid, 0);
  });

  it("leaves what the header does not say", async () => {
    const before = statSync(`${files}/file`).mtimeMs;
    await applyLinks(
      [{ path: "link", mode: undefined, uid: undefined, gid: undefined, mtime: undefined }],
      files,
    );
    assert.equal(statSync(`${files}/file`).mtimeMs, before);
  });
});
