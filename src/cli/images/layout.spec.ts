import assert from "node:assert/strict";
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { digestOf } from "../../image/digest.js";
import { blobPath } from "../../image/oci-layout.js";
import { closeImages, openImage, openImages } from "./open.js";
import { type LayoutFiles, makeLayout, makeTar, temporaryFolder, writeLayout } from "./testing.js";

const options = { note: (text: string) => assert.fail(`a note: ${text}`) };
const base = { files: { "etc/os-release": "ID=test\n" }, history: "RUN base" };
const top = { files: { [`${"long/".repeat(60)}name`]: "x".repeat(3000) }, history: "PRELOAD a:1, catalog" };
const image = { layers: [base, top] };
const arm = { layers: [base], platform: { os: "linux", architecture: "arm64" } };

async function archiveOf(files: LayoutFiles): Promise<Buffer> {
  return makeTar(Object.fromEntries(files));
}

describe("an image on the disk", () => {
  const folder = temporaryFolder();
  let count = 0;

  /** The same layout as a folder and as an archive. */
  async function written(files: LayoutFiles): Promise<string[]> {
    count += 1;
    const layout = writeLayout(join(folder, `layout-${count}`), files);
    const archive = join(folder, `archive-${count}.tar`);
    writeFileSync(archive, await archiveOf(files));
    return [layout, archive];
  }

  it("is read the same from a layout and from an archive, by their paths and by prefixes", async () => {
    const [layout = "", archive = ""] = await written(await makeLayout([image]));
    const names = [layout, `oci:${layout}`, `oci-layout://${layout}`, archive, `oci-archive:${archive}`];
    const images = await openImages([...names, `docker-archive:${archive}`], options);
    for (const found of images) {
      assert.deepEqual(
        found.layers.map(({ diffId }) => diffId),
        [digestOf(await makeTar(base.files)), digestOf(await makeTar(top.files))],
      );
      assert.equal(found.digest, images[0]?.digest);
      assert.deepEqual(await buffer(await found.openLayer(0)), await makeTar(base.files));
      assert.deepEqual(await buffer(await found.openLayer(1)), await makeTar(top.files));
    }
    assert.deepEqual([...new Set(images.map(({ source }) => source))], ["layout", "archive"]);
    await closeImages(images);
  });

  it("is chosen by its platform", async () => {
    for (const path of await written(
      await makeLayout([{ ...image, platform: { os: "linux", architecture: "s390x" } }, arm]),
    )) {
      const platform = { os: "linux", architecture: "arm64" };
      const found = await openImage(path, { ...options, platform });
      assert.deepEqual(found.platform, platform);
      assert.equal(found.platforms.length, 2);
      await found.close();
      const absent = { ...options, platform: { os: "linux", architecture: "riscv64" } };
      await assert.rejects(openImage(path, absent), {
        message: `image "${path}": it is not for linux/riscv64; say --platform with one of: linux/s390x, linux/arm64`,
      });
    }
  });

  it("is chosen by its name, where there are several", async () => {
    const named = (name: string) => ({ annotations: { "org.opencontainers.image.ref.name": name } });
    for (const path of await written(
      await makeLayout([
        { ...image, ...named("one") },
        { ...arm, ...named("two") },
      ]),
    )) {
      const found = await openImage(`${path}:two`, options);
      assert.equal(found.layers.length, 1);
      await found.close();
      await assert.rejects(openImage(path, options), {
        message: `image "${path}": it has several; write one after a colon: one, two`,
      });
      await assert.rejects(openImage(`oci:${path}:three`, options), {
        message: `image "oci:${path}:three": there is no "three"; there is: one, two`,
      });
    }
  });

  it("is refused if a blob has other bytes than its name says", async () => {
    const files = await makeLayout([image]);
    const config = [...files].find(([, bytes]) => bytes.includes('"rootfs"'))?.[0] ?? "";
    files.set(config, Buffer.from('{"rootfs":{"diff_ids":[]}}'));
    for (const path of await written(files)) {
      await assert.rejects(openImage(path, options), {
        message: `${config} has other bytes than its name says: copy the image again`,
      });
    }
  });

  it("says which layer is not there", async () => {
    const [layout = ""] = await written(await makeLayout([image]));
    const found = await openImage(layout, options);
    unlinkSync(join(layout, blobPath(found.layers[1]?.digest ?? "")));
    await assert.rejects(found.openLayer(1), /layer 2 of 2: it is not there \(blobs\/sha256\/[0-9a-f]{64}\)/);
  });
});

describe("what is no image", () => {
  const folder = temporaryFolder();
  const write = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  const refused: [what: string, make: () => string | Promise<string>, message: RegExp][] = [
    ["a text", () => write("text", "x".repeat(2000)), /it is no tar: name an archive of docker save/],
    [
      "a compressed archive",
      () => write("gz", Buffer.from("1f8b0800".padEnd(2048, "0"), "hex")),
      /run gunzip on it first/,
    ],
    [
      "a truncated archive",
      async () => write("cut", (await archiveOf(await makeLayout([image]))).subarray(0, 1100)),
      /it is truncated/,
    ],
    [
      "another archive",
      async () => write("other", await makeTar({ a: "b" })),
      /neither index.json nor manifest.json/,
    ],
    [
      "another folder",
      () => {
        mkdirSync(join(folder, "empty"));
        return join(folder, "empty");
      },
      /neither index.json nor manifest.json/,
    ],
    [
      "a path that does not exist",
      () => "./nowhere.tar",
      /"\.\/nowhere\.tar": there is no such file or folder/,
    ],
    ["such a path with a prefix", () => "oci:nowhere", /"oci:nowhere": there is no such file or folder/],
    ["a name in capitals", () => "Foo", /repository name must be lowercase; name a path, an image/],
  ];
  for (const [what, make, message] of refused) {
    it(`is refused: ${what}`, async () => {
      await assert.rejects(openImage(await make(), options), { message });
    });
  }
});
