import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
    for (const header of headers) archive.entry(header, header.type === "file" ? "x" : "");
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
});
