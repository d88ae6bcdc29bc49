import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { isKept, withoutDataRoots } from "./filter-layer.js";
import { readSavedLayer, readSavedLayers } from "./saved-image.js";

type Entry = Parameters<Pack["entry"]>[0];

async function tarOf(entries: readonly (readonly [Entry, string | Buffer])[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry(header, content as string);
  archive.finalize();
  return buffer(archive);
}

/** Parts of some bytes each, as sockets give them. */
function inParts(bytes: Buffer, size: number): Readable {
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  return Readable.from(parts);
}

describe("filter-layer", () => {
  const long = `${"d".repeat(120)}/${"f".repeat(120)}`;
  const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString();
  const kept: (readonly [Entry, string])[] = [
    [{ name: "var/lib/docker", type: "directory" }, ""],
    [{ name: "var/lib/docker/.wh.gone" }, ""],
    [{ name: "var/lib/docker2/x" }, "other"],
    [{ name: long, pax: { "SCHILY.xattr.security.capability": capability } }, "long ".repeat(300)],
    [{ name: "opt/link", type: "symlink", linkname: "no/where" }, ""],
  ];
  const dropped: (readonly [Entry, string])[] = [
    [{ name: "var/lib/docker/image/db" }, "x".repeat(2000)],
    [{ name: `var/lib/docker/${long}`, pax: { "SCHILY.xattr.user.x": "y" } }, "x".repeat(513)],
    [{ name: "./var/lib/docker/overlay2/l/A", type: "symlink", linkname: "../a" }, ""],
  ];

  it("leaves out what is in a data root, and keeps all other bytes", async () => {
    const [first, second, third, ...others] = kept;
    const [a, b, c] = dropped;
    const mixed = [first, a, second, b, third, c, ...others].flatMap((one) => (one ? [one] : []));
    const expected = await tarOf(kept);
    for (const size of [1, 100, 512, 1 << 16]) {
      const filtered = await buffer(withoutDataRoots(inParts(await tarOf(mixed), size), ["/var/lib/docker"]));
      assert.ok(filtered.equals(expected), `parts of ${size} bytes`);
    }
  });

  it("keeps names that are no UTF-8", async () => {
    const tar = await tarOf([[{ name: "opt/raw??" }, "x"]]);
    tar.set([0xff, 0x80], "opt/raw".length);
    // The sum of the header's bytes, its own field as spaces.
    const sum = tar
      .subarray(0, 512)
      .reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const filtered = await buffer(withoutDataRoots(Readable.from([tar]), ["/var/lib/docker"]));
    assert.ok(filtered.equals(tar));
  });

  it("refuses a layer that is cut off", async () => {
    const tar = (await tarOf(kept)).subarray(0, 3000);
    await assert.rejects(buffer(withoutDataRoots(Readable.from([tar]), [])), /is cut off/);
  });

  it("knows names with dots, slashes and names of other bytes", () => {
    const roots = ["/var/lib/döcker/"];
    const name = Buffer.from("./var/lib/döcker/x").toString("latin1");
    assert.equal(isKept(name, roots), false);
    assert.equal(isKept("/var/lib/docker/x", roots), true);
    assert.equal(isKept("var/lib/docker/", ["/var/lib/docker"]), true);
  });
});

describe("saved-image", () => {
  it("finds the top layer of an archive in which layers come before their names", async () => {
    const layer = await tarOf([[{ name: "x" }, "y"]]);
    const config = JSON.stringify({ rootfs: { diff_ids: ["a", "b"] } });
    const Layers = ["blobs/sha256/low", "blobs/sha256/top"];
    const index = { manifests: [{ digest: "sha256:manifest" }] };
    const archive = await tarOf([
      [{ name: "blobs/sha256/low" }, Buffer.alloc(5 << 20)],
      [{ name: "blobs/sha256/top" }, gzipSync(layer)],
      [{ name: "blobs/sha256/config" }, config],
      [{ name: "blobs/sha256/manifest" }, "{}"],
      [{ name: "index.json" }, JSON.stringify(index)],
      [{ name: "manifest.json" }, JSON.stringify([{ Config: "blobs/sha256/config", Layers }])],
    ]);
    const open = async () => Readable.from([archive]);
    const saved = await readSavedLayers(open);
    assert.deepEqual(
      [saved.layers, saved.config.toString(), saved.manifest?.toString()],
      [Layers, config, "{}"],
    );
    const found = await buffer(readSavedLayer(open, "blobs/sha256/top") as AsyncIterable<Buffer>);
    assert.ok(found.equals(layer));
    await assert.rejects(
      buffer(readSavedLayer(open, "none") as AsyncIterable<Buffer>),
      /without its layer none/,
    );
  });
});
