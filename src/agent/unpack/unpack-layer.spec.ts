import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
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
