import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { type EntryHeader, tarEnd, tarHeader, tarPadding } from "../../files/tar-blocks.js";
import { digestOf } from "../../image/digest.js";
import { onlyAsRoot, skip } from "../../testing.js";
import { unpackLayer } from "./unpack-layer.js";

describe("unpack-layer", () => {
  let folder: string;

  before(function () {
    onlyAsRoot(this);
    for (const tool of ["tar-split", "igzip"])
      if (spawnSync(tool, ["--version"]).error) skip(this, `there is no ${tool}`);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "larder-unpack-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function unpackTar(tar: Buffer, blob: Buffer = gzipSync(tar)): Promise<string> {
    const diffId = String(digestOf(tar));
    writeFileSync(join(folder, "blob"), blob);
    const layer = { diffId, digest: digestOf(blob), mediaType: "tar+gzip", blob: join(folder, "blob") };
    await unpackLayer(layer, join(folder, "layer"), join(folder, "record"));
    return join(folder, "layer/usr/lib/larder/layers", diffId.slice("sha256:".length), "fs");
  }

  async function tarOf(...headers: Parameters<Pack["entry"]>[0][]): Promise<Buffer> {
    const archive = pack();
    for (const header of headers) {
      const hasContent = header.type === "file" && !header.name.includes(".wh.");
      archive.entry(header, hasContent ? "x" : "");
    }
    archive.finalize();
    return buffer(archive);
  }

  type Written = Pick<EntryHeader, "path"> & Partial<EntryHeader> & { content?: string };

  /** Larder's own writer of headers: others do not write two forms of one name, or times before 1970. */
  function written(...entries: Written[]): Buffer {
    const blocks = entries.flatMap(({ content = "", ...header }) => {
      const size = Buffer.byteLength(content);
      const attributes = { type: "0", mode: 0o644, uid: 0, gid: 0, mtime: "1", size };
      return [tarHeader({ ...attributes, ...header }), Buffer.from(content), tarPadding(size)];
    });
    return Buffer.concat([...blocks, tarEnd]);
  }

  it("keeps what is in a directory whose entry comes after it", async () => {
    const files = await unpackTar(
      await tarOf({ name: "a/b", type: "file" }, { name: "a", type: "directory" }),
    );
    assert.deepEqual(readdirSync(join(files, "a")), ["b"]);
  });

  it("refuses a name that leads out, a name twice, and a stream that is cut off", async () => {
    await assert.rejects(unpackTar(await tarOf({ name: "../a", type: "file" })), /a name with "\.\."/);
    const twice = await tarOf({ name: "a", type: "file" }, { name: "a", type: "file" });
    await assert.rejects(unpackTar(twice), /two entries of one name/);
    const tar = await tarOf({ name: "b", type: "file" });
    await assert.rejects(unpackTar(tar, gzipSync(tar).subarray(0, -8)), /igzip/);
  });

  it("gives a path the last of its entries", async () => {
    const files = await unpackTar(
      written(
        { path: "link", type: "2", linkName: "/nowhere" },
        { path: "/link", content: "file", mode: 0o4755, uid: 3_000_000, mtime: "1234567890" },
        { path: "was/implied", content: "gone" },
        { path: "was", type: "2", linkName: "kept" },
        { path: "kept", type: "5", mode: 0o1777, mtime: "7" },
        { path: "was/below", content: "x".repeat(70_000) },
        { path: "hard", type: "1", linkName: "was/below", mode: 0o600, uid: 5, mtime: "9" },
      ),
    );
    assert.deepEqual(readdirSync(files).sort(), ["hard", "kept", "link", "was"]);
    assert.equal(readFileSync(join(files, "link"), "utf8"), "file");
    const { mode, uid, mtimeMs } = lstatSync(join(files, "link"));
    assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o4755, 3_000_000, 1_234_567_890_000]);
    assert.equal(readlinkSync(join(files, "was")), "kept");
    const kept = statSync(join(files, "kept"));
    assert.deepEqual([kept.mode & 0o7777, kept.mtimeMs], [0o1777, 7000]);
    const [below, hard] = [statSync(join(files, "kept/below")), statSync(join(files, "hard"))];
    assert.deepEqual([below.ino, below.size], [hard.ino, 70_000]);
    assert.deepEqual([hard.mode & 0o7777, hard.uid, hard.mtimeMs], [0o600, 5, 9000]);
  });

  it("keeps whiteouts by the directory in which they are, and directories without an entry", async () => {
    const tar = written(
      { path: "d/e/f", content: "x" },
      { path: "l", type: "2", linkName: "d" },
      { path: "l/.wh.gone" },
      { path: "l/made/file", content: "x" },
    );
    const files = await unpackTar(tar);
    assert.equal(readFileSync(join(files, "../whiteouts"), "utf8"), "d/gone\n");
    for (const implied of ["d", "d/e", "d/made"]) {
      const { mode, uid, mtimeMs } = statSync(join(files, implied));
      assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o755, 0, 0], implied);
    }
  });

  it("gives a time before 1970 up, whatever has it", async () => {
    const old = { mtime: "-86400" };
    const files = await unpackTar(
      written(
        { path: "a", ...old },
        { path: "b", type: "5", ...old },
        { path: "c", type: "2", linkName: "a", ...old },
      ),
    );
    for (const name of ["a", "b", "c"]) assert.equal(lstatSync(join(files, name)).mtimeMs, 0, name);
  });

  it("takes names of any bytes", async () => {
    const odd = "a\xff\n\xc3\xa4";
    const files = await unpackTar(
      written(
        { path: odd, type: "5" },
        { path: "l", type: "2", linkName: "/" },
        { path: `l/${odd}/x`, content: "x" },
      ),
    );
    const names = readdirSync(files, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    assert.deepEqual(names.sort(), [odd, "l"]);
  });

  describe("writes nothing outside", () => {
    const cases: readonly [what: string, entries: (outside: string) => Written[], refusal?: RegExp][] = [
      [
        "through an absolute link",
        (outside) => [{ path: "l", type: "2", linkName: outside }, { path: "l/canary" }],
        /has the entry l\/canary below a link that leads nowhere/,
      ],
      [
        "through a link to above",
        () => [{ path: "l", type: "2", linkName: "../../../../../../../../outside" }, { path: "l/canary" }],
        /has the entry l\/canary below a link that leads out/,
      ],
      [
        "through a link behind a link",
        (outside) => [
          { path: "a", type: "2", linkName: "b" },
          { path: "b", type: "2", linkName: outside },
          { path: "a/canary" },
        ],
        /has the entry a\/canary below a link/,
      ],
      [
        "through a link in the place of a directory",
        (outside) => [
          { path: "d/x" },
          { path: "/d", type: "2", linkName: outside },
          { path: "d/canary", type: "5", mode: 0o777, uid: 7 },
        ],
        /has the entry d\/canary below a link/,
      ],
      [
        "by a hard link",
        (outside) => [
          { path: "h", type: "1", linkName: `${outside}/canary`, mode: 0o777, uid: 7 },
          { path: "/h" },
        ],
        /has a hard link h to .*canary, which is not in the same layer/,
      ],
      [
        "by a hard link through a link",
        (outside) => [
          { path: "l", type: "2", linkName: outside },
          { path: "h", type: "1", linkName: "l/canary", mode: 0o777, uid: 7 },
        ],
        /has a hard link h to l\/canary, which is not in the same layer/,
      ],
      ["by a name", () => [{ path: "../../../../../../../outside/canary" }], /a name with "\.\."/],
      ["by an absolute name", (outside) => [{ path: `${outside}/canary` }, { path: "x" }]],
      [
        "by a whiteout",
        (outside) => [{ path: "l", type: "2", linkName: outside }, { path: "l/.wh.canary" }],
        /has the entry l\/\.wh\.canary below a link that leads nowhere/,
      ],
      [
        "to the target of a link that a link names again",
        (outside) => [
          { path: "l", type: "2", linkName: `${outside}/canary` },
          { path: "h", type: "1", linkName: "/l", mode: 0o777, uid: 7, mtime: "-5" },
        ],
      ],
    ];
    for (const [what, entries, refusal] of cases) {
      it(what, async () => {
        const outside = join(folder, "outside");
        mkdirSync(outside);
        writeFileSync(join(outside, "canary"), "alive");
        const before = lstatSync(join(outside, "canary"));
        const unpacked = unpackTar(written(...entries(outside)));
        await (refusal ? assert.rejects(unpacked, refusal) : unpacked);
        assert.deepEqual(readdirSync(outside), ["canary"]);
        assert.equal(readFileSync(join(outside, "canary"), "utf8"), "alive");
        const after = lstatSync(join(outside, "canary"));
        assert.deepEqual(
          [after.ino, after.nlink, after.mode, after.uid, after.mtimeMs],
          [before.ino, before.nlink, before.mode, before.uid, before.mtimeMs],
        );
      });
    }
  });

  describe("a layer of the stage's shelf, without its blob", () => {
    /** The stage's shelf has the layer as an unpack step left it, and Docker's record of its tar. */
    async function shelve(tar: Buffer): Promise<{ diffId: string; files: string; stage: string }> {
      const files = await unpackTar(tar);
      const diffId = String(digestOf(tar));
      const stage = join(folder, "layer");
      const db = join(stage, "usr/lib/larder/catalog/overlay2/db/0123456789ab");
      mkdirSync(db, { recursive: true });
      writeFileSync(join(db, "diff"), diffId);
      const hex = diffId.slice("sha256:".length);
      cpSync(join(folder, `record/${hex}/tar-split.json.gz`), join(db, "tar-split"));
      return { diffId, files, stage };
    }

    const again = (diffId: string, stage: string) => {
      const layer = { diffId, digest: diffId, mediaType: "tar", isShelved: true, blob: "", stage } as const;
      return unpackLayer(layer, join(folder, "again"), join(folder, "again-record"));
    };

    it("is made again of its files", async () => {
      const { diffId, files, stage } = await shelve(
        await tarOf({ name: "a/b", type: "file" }, { name: "a/.wh.gone", type: "file" }),
      );
      await again(diffId, stage);
      const made = files.replace("/layer/", "/again/");
      assert.deepEqual(readdirSync(made, { recursive: true }).sort(), ["a", "a/b"]);
      assert.equal(readFileSync(join(made, "../whiteouts"), "utf8"), "a/gone\n");
    });

    it("is refused if its files are others, or not there", async () => {
      const { diffId, files, stage } = await shelve(await tarOf({ name: "a", type: "file" }));
      writeFileSync(join(files, "a"), "y");
      await assert.rejects(again(diffId, stage), /its layer sha256:/);
      const other = String(digestOf(Buffer.from("other")));
      await assert.rejects(again(other, stage), /the stage's shelf lacks it/);
    });
  });
});
