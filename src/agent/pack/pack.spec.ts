import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { InnerImage } from "../../image/inner-image.js";
import { blobFile } from "../../image/oci-layout.js";
import { onlyAsRoot } from "../../testing.js";
import { verifyBlob } from "../fetch/verify-blob.js";
import { readManifest } from "../layout-image.js";
import {
  capability,
  describeTree,
  layersOf,
  listNames,
  makeCapable,
  makeWork,
  packIn,
  shell,
  unpackLayers,
} from "./testing.js";

const docker = "application/vnd.docker.";

describe("a packed image", () => {
  let work = "";
  beforeEach(() => {
    work = makeWork();
    writeFileSync(`${work}/config.json`, JSON.stringify({ os: "linux", architecture: "amd64", history: [] }));
    shell(`${work}/tree0`, "echo one >file; mkdir dir; touch -h -d @1000000000 file dir");
    shell(
      `${work}/tree1`,
      "cp -a ../tree0/. .; echo two >dir/new; touch -d @1234567890.5 dir/new; touch -d @999 dir",
    );
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const config = (image: InnerImage) =>
    JSON.parse(readFileSync(blobFile(`${work}/layout`, image.imageId), "utf8"));
  const manifest = (image: InnerImage) =>
    JSON.parse(readFileSync(blobFile(`${work}/layout`, image.reference.digest), "utf8"));

  /** `tree0` as an image from a registry, in the layout `base`. */
  async function packBase(): Promise<InnerImage> {
    const base = await packIn(work, { trees: 1 });
    execFileSync("mv", [`${work}/layout`, `${work}/base`]);
    return base;
  }

  it("has a layer for each tree, and describes them correctly", async () => {
    const image = await packIn(work, { trees: 2 });
    const { rootfs, history, created } = config(image);
    assert.deepEqual(rootfs, { type: "layers", diff_ids: image.diffIds });
    assert.equal(history.length, 2);
    assert.equal(created, "2009-02-13T23:31:30Z");
    assert.deepEqual(
      { ...image.reference, digest: "" },
      { domain: "example.com", path: "app", tag: "1", digest: "" },
    );
    const { layers, config: described } = manifest(image);
    for (const blob of [...layers, described])
      await verifyBlob(blobFile(`${work}/layout`, blob.digest), blob, "the blob");
    const tars = await layersOf(`${work}/layout`, image);
    assert.deepEqual(tars.map(listNames), [
      ["dir/", "file"],
      ["dir/", "dir/new"],
    ]);
    assert.deepEqual(readdirSync(`${work}/layout`).sort(), [
      "answer.json",
      "blobs",
      "index.json",
      "oci-layout",
    ]);
  });

  it("has the base's layers as they are below its own", async () => {
    const base = await packBase();
    const image = await packIn(work, { base, trees: 2 });
    assert.equal(image.diffIds.length, 2);
    assert.deepEqual(image.diffIds.slice(0, 1), base.diffIds);
    const [lowest] = (await readManifest(`${work}/base`, base)).manifest.layers;
    assert.deepEqual(manifest(image).layers[0], lowest);
    const [below, own] = await layersOf(`${work}/layout`, image);
    assert.ok(below && own);
    assert.deepEqual(listNames(own), ["dir/", "dir/new"]);
  });

  it("is the base with another config if the stage has no steps", async () => {
    const base = await packBase();
    writeFileSync(`${work}/config.json`, JSON.stringify({ config: { Cmd: ["new"] } }));
    const image = await packIn(work, { base, trees: 1 });
    assert.deepEqual(image.diffIds, base.diffIds);
    assert.notEqual(image.imageId, base.imageId);
    const { os, architecture, config: container, created } = config(image);
    assert.deepEqual(
      [os, architecture, container, created],
      ["linux", "amd64", { Cmd: ["new"] }, "1970-01-01T00:00:00Z"],
    );
  });

  it("has an empty layer for a step that changes nothing", async () => {
    execFileSync("cp", ["-a", `${work}/tree1`, `${work}/tree2`]);
    const { diffIds } = await packIn(work, { trees: 3 });
    assert.equal(diffIds[2], "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
  });

  it("is the same at another time and place", async () => {
    const first = await packIn(work, { trees: 2 });
    execFileSync("cp", ["-a", `${work}/tree1`, `${work}/copy`]);
    execFileSync("mv", [`${work}/copy`, `${work}/tree1/../tree1-again`]);
    rmSync(`${work}/tree1`, { recursive: true });
    execFileSync("mv", [`${work}/tree1-again`, `${work}/tree1`]);
    assert.deepEqual(await packIn(work, { trees: 2 }), first);
    for (const name of ["", ...readdirSync(`${work}/layout`, { recursive: true })])
      assert.equal(statSync(`${work}/layout/${name}`).mtimeMs, 0);
  });

  it("has the time that it is given", async () => {
    const image = await packIn(work, { trees: 1, created: 0 });
    assert.equal(config(image).created, "1970-01-01T00:00:00Z");
  });

  it("has Docker's media types if its base has", async () => {
    const base = await packBase();
    const { layers, config: described } = manifestIn(`${work}/base`, base);
    const asDocker = {
      schemaVersion: 2,
      mediaType: `${docker}distribution.manifest.v2+json`,
      config: { ...described, mediaType: `${docker}container.image.v1+json` },
      layers: layers.map((layer) => ({ ...layer, mediaType: `${docker}image.rootfs.diff.tar.gzip` })),
    };
    writeFileSync(blobFile(`${work}/base`, base.reference.digest), JSON.stringify(asDocker));
    const image = await packIn(work, { base, trees: 2 });
    const made = manifest(image);
    const types = [made, made.config, ...made.layers].map(
      ({ mediaType }: { mediaType: string }) => mediaType,
    );
    assert.deepEqual(types, [
      `${docker}distribution.manifest.v2+json`,
      `${docker}container.image.v1+json`,
      `${docker}image.rootfs.diff.tar.gzip`,
      `${docker}image.rootfs.diff.tar.gzip`,
    ]);
    const index = JSON.parse(readFileSync(`${work}/layout/index.json`, "utf8"));
    assert.equal(index.manifests[0].mediaType, `${docker}distribution.manifest.v2+json`);
  });

  function manifestIn(layout: string, { reference }: InnerImage) {
    const text = readFileSync(blobFile(layout, reference.digest), "utf8");
    return JSON.parse(text) as { config: object; layers: object[] };
  }

  it("is refused if a file's name would delete another", async () => {
    shell(`${work}/tree1`, "echo >dir/.wh.file");
    await assert.rejects(
      packIn(work, { trees: 2 }),
      /^LarderError: the stage's file "\/dir\/\.wh\.file" cannot be in an image/,
    );
  });

  it("is refused if its base lacks a layer", async () => {
    const base = await packBase();
    await assert.rejects(
      packIn(work, { base: { ...base, diffIds: [] }, trees: 1 }),
      /has 1 layers, but 0 in its config: push the base again/,
    );
  });

  const odd = `
    echo x >"$(printf 'new\\nline')"; echo x >' a b '; echo x >grüße-日本語; echo x >"$(printf 'raw\\377')"; echo x >-dash
    echo x >'back\\slash'; mkdir "$(printf 'x%.0s' $(seq 200))"; cd x*; echo far >"$(printf 'y%.0s' $(seq 200))"; cd ..
    ln -s "$(printf 'new\\nline')" link; mkfifo fifo; echo 1 >dir/one; ln dir/one two; truncate -s 100000 sparse
    chmod 4755 two; mkdir -m 1777 sticky; echo old >old; touch -d '1965-01-01 00:00:00.5' old; touch -h -d @5.5 link`;
  const gone =
    "rm -r new* x* raw* two; rm 'back\\slash' -- -dash; echo y >grüße-日本語; rm sticky -r; echo >sticky";

  it("has the files of the last tree, whatever their names and kinds", async () => {
    shell(`${work}/tree1`, odd);
    execFileSync("cp", ["-a", `${work}/tree1`, `${work}/tree2`]);
    shell(`${work}/tree2`, gone.replace("raw*", "\"$(printf 'raw\\377')\""));
    const layers = await layersOf(`${work}/layout`, await packIn(work, { trees: 3 }));
    for (const count of [2, 3]) {
      unpackLayers(layers.slice(0, count), `${work}/unpacked${count}`);
      assert.deepEqual(describeTree(`${work}/unpacked${count}`), describeTree(`${work}/tree${count - 1}`));
    }
    const { ino } = statSync(`${work}/unpacked2/two`);
    assert.equal(statSync(`${work}/unpacked2/dir/one`).ino, ino);
  });

  it("has owners, devices and, at each name of a file, capabilities", async function () {
    onlyAsRoot(this);
    shell(
      `${work}/tree1`,
      "mknod null c 1 3; mknod disk b 259 300; echo >own; chown 3000000:5 own; chmod 4755 own",
    );
    makeCapable(`${work}/tree1`, "capable");
    shell(`${work}/tree1`, "ln capable dir/capable-too");
    const [below, own] = await layersOf(`${work}/layout`, await packIn(work, { trees: 2 }));
    assert.ok(below && own);
    unpackLayers([below, own], `${work}/unpacked`);
    assert.deepEqual(describeTree(`${work}/unpacked`), describeTree(`${work}/tree1`));
    const record = Buffer.concat([Buffer.from("57 SCHILY.xattr.security.capability="), capability]);
    assert.equal(own.toString("latin1").split(record.toString("latin1")).length - 1, 2);
  });

  it("gets a capability that a file had with another name further down", async function () {
    onlyAsRoot(this);
    makeCapable(`${work}/tree1`, "capable");
    execFileSync("cp", ["-a", `${work}/tree1`, `${work}/tree2`]);
    shell(`${work}/tree2`, "rm -f capable");
    makeCapable(`${work}/tree2`, "capable");
    shell(`${work}/tree2`, "ln capable also");
    const tar = (await layersOf(`${work}/layout`, await packIn(work, { trees: 3 })))[2];
    assert.deepEqual(listNames(tar ?? Buffer.alloc(0)), ["also", "capable"]);
    assert.equal(tar?.toString("latin1").split("security.capability=").length, 3);
  });
});
