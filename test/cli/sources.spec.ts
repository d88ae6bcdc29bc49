import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openImage } from "../../src/cli/images/open.js";
import type { differenceJson } from "../../src/cli/report/difference-json.js";
import type { reportJson } from "../../src/cli/report/json.js";
import type { Manifest } from "../../src/image/manifest.js";
import { preloadLabel } from "../../src/shelf/label.js";
import { skip } from "../../src/testing.js";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker, dockerHost, type EngineOptions } from "../harness/docker.js";
import { engineNames, lab, labImage } from "../harness/lab.js";
import { larder, larderJson } from "./larder.js";

type Report = ReturnType<typeof reportJson>;
type ReportedImage = Report["images"][number];

const first = labImage("e2e/cli-first:1");
const second = labImage("e2e/cli-second:1");
const [pause, busybox] = [labImage("pause:3"), labImage("busybox:1")];

/** Small images: the base of the stage is busybox, too, and no container starts from them. */
async function buildImage(
  tag: string,
  inner: readonly string[],
  engine?: EngineOptions["engine"],
): Promise<void> {
  const dockerfile = `FROM ${busybox}\nPRELOAD --store=docker ${inner.join(" ")}\n`;
  await build({ tag, dockerfile, ...(engine && { engine }), args: engine === "graph" ? [] : ["--push"] });
  atEnd(() => docker(["image", "rm", "--force", tag], engine ? { engine } : {}));
}

async function manifestOf(reference: string): Promise<Manifest> {
  const raw = await output(lab.skopeo, ["inspect", "--raw", "--tls-verify=false", `docker://${reference}`]);
  return JSON.parse(raw) as Manifest;
}

async function inspectOne(args: readonly string[], engine?: EngineOptions["engine"]): Promise<ReportedImage> {
  const { images } = await larderJson<Report>(["inspect", ...args], engine ? { engine } : {});
  const [image] = images;
  assert.ok(image && images.length === 1);
  return image;
}

/** What every source tells of the same image. */
function common({ platform, innerImages, layers }: ReportedImage) {
  const inner = innerImages.map(({ layers: held, compressed: _, unpacked: __, ...image }) => ({
    ...image,
    layers: held.map(({ diffId, outerLayer, unpacked }) => ({ diffId, outerLayer, unpacked })),
  }));
  return { platform, inner, layers: layers.map(({ diffId, holds }) => ({ diffId, holds })) };
}

describe("larder", () => {
  let folder = "";
  after(cleanUp);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-cli-"));
    atEnd(() => rm(folder, { recursive: true }));
    await buildImage(first, [pause, busybox]);
    await buildImage(second, [pause]);
    await docker(["pull", "--quiet", first]);
  });

  describe("inspect", () => {
    let fromRegistry: ReportedImage;
    before(async () => {
      fromRegistry = await inspectOne(["--insecure", "--catalog", `docker://${first}`]);
      await docker(["image", "save", "--output", join(folder, "saved.tar"), first]);
      const copy = ["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", `docker://${first}`];
      await output(lab.skopeo, [...copy, `oci:${join(folder, "layout")}:tag`]);
      await output(lab.skopeo, [...copy, `docker-archive:${join(folder, "old.tar")}:a:b`]);
    });

    it("tells the inner images of a reference in a registry, with the sizes that the registry has", async () => {
      const manifest = await manifestOf(first);
      const sizes = fromRegistry.layers.map(({ digest, compressed: size }) => ({ digest, size }));
      assert.deepEqual(
        sizes,
        manifest.layers.map(({ digest, size }) => ({ digest, size })),
      );
      const names = fromRegistry.innerImages.map(({ name }) => name);
      assert.deepEqual(names, [busybox, pause]);
      for (const { name, digest, imageId, stores, layers } of fromRegistry.innerImages) {
        const inner = await manifestOf(`${name.replace(/:[^:/]*$/, "")}@${digest}`);
        assert.equal(imageId, inner.config.digest);
        assert.equal(layers.length, inner.layers.length);
        assert.deepEqual(
          stores?.map(({ store }) => store),
          ["containerd", "overlay2"],
        );
        for (const { outerLayer } of layers)
          assert.equal(fromRegistry.layers[outerLayer ?? -1]?.holds, "files");
      }
    });

    it("tells names and layers from the config of such a reference alone", async () => {
      const image = await inspectOne(["--insecure", `docker://${first}`]);
      assert.equal(image.knownFrom, "config");
      assert.deepEqual(
        image.innerImages.map(({ name, digest }) => [name, digest]),
        [
          [busybox, null],
          [pause, null],
        ],
      );
      assert.deepEqual(
        image.layers.map(({ holds }) => holds),
        fromRegistry.layers.map(({ holds }) => holds),
      );
    });

    it("tells the same of an image of the engine, of what docker save writes, and of an OCI layout", async () => {
      const names = [first, `docker-daemon:${first}`, join(folder, "saved.tar"), join(folder, "layout")];
      for (const name of [...names, `docker-archive:${join(folder, "old.tar")}`]) {
        assert.deepEqual(common(await inspectOne([name])), common(fromRegistry), name);
      }
    });

    it("counts the files of layers that nobody has counted", async () => {
      const [engine, layout] = [
        await inspectOne([first]),
        await inspectOne([`oci:${join(folder, "layout")}:tag`]),
      ];
      for (const [index, { unpacked }] of layout.layers.entries()) {
        // containerd counts the blocks of the disk.
        assert.ok(unpacked !== null && unpacked <= (engine.layers[index]?.unpacked ?? 0), `layer ${index}`);
      }
    });

    it("tells the inner images of an image of the engine with graph drivers", async function () {
      if (!engineNames.includes("graph")) skip(this, "the lab has no engine with graph drivers");
      await buildImage(first, [pause, busybox], "graph");
      const image = await inspectOne([first], "graph");
      assert.deepEqual(common(image).inner, common(fromRegistry).inner);
      await docker(["image", "save", "--output", join(folder, "graph.tar"), first], { engine: "graph" });
      assert.deepEqual(common(await inspectOne([join(folder, "graph.tar")])), common(image));
    });

    for (const engine of engineNames) {
      it(`opens each layer of an image of the engine, as docker save gives it (${engine})`, async () => {
        const given = process.env.DOCKER_HOST;
        process.env.DOCKER_HOST = dockerHost(engine);
        const notes: string[] = [];
        const image = await openImage(`docker-daemon:${first}`, { note: (text) => notes.push(text) });
        try {
          for (const [index, { diffId }] of image.layers.entries()) {
            const hash = createHash("sha256");
            await pipeline(await image.openLayer(index), hash);
            assert.equal(`sha256:${hash.digest("hex")}`, diffId);
          }
          assert.equal(notes.length, 1, "it is saved once");
        } finally {
          await image.close();
          process.env.DOCKER_HOST = given;
        }
      });
    }

    it("has a line for an image without PRELOAD", async () => {
      const { status, stdout } = await larder(["inspect", "--insecure", `docker://${busybox}`]);
      assert.equal(status, 0);
      assert.match(stdout, /^no image is preloaded: there is no label io\.larder\.preload$/m);
    });

    it("leaves no container in the engine", async () => {
      const args = ["container", "ls", "--all", "--quiet", "--filter", "label=io.larder.inspect"];
      assert.equal(await docker(args), "");
    });
  });

  it("diff tells what comes and goes, and what an update transfers", async () => {
    const names = [`docker://${second}`, `docker://${first}`];
    const difference = await larderJson<ReturnType<typeof differenceJson>>([
      "diff",
      "--insecure",
      "--catalog",
      ...names,
    ]);
    assert.deepEqual(
      difference.innerImages.map(({ name, change }) => [name, change]),
      [
        [busybox, "added"],
        [pause, "same"],
      ],
    );
    const before = new Set((await manifestOf(second)).layers.map(({ digest }) => digest));
    const added = (await manifestOf(first)).layers.filter(({ digest }) => !before.has(digest));
    const bytes = added.reduce((sum, { size }) => sum + size, 0);
    assert.deepEqual(difference.transfers.containerd, { bytes, complete: true });
  });

  const wrong: [args: readonly string[], status: number, message: RegExp][] = [
    [["inspect"], 2, /missing required argument 'image'/],
    [["inspect", "--platform", "x/y/z/w", "busybox"], 2, /^larder: --platform "x\/y\/z\/w": not a platform/m],
    [["inspect", "Foo"], 2, /^larder: image "Foo": repository name must be lowercase; name a path/m],
    [
      ["inspect", "docker-daemon:larder/none"],
      1,
      /^larder: image .* the engine does not have it: docker pull/m,
    ],
    [
      ["inspect", `docker://${labImage("none:1")}`, "--insecure"],
      1,
      /none: the registry answers 404: manifest unknown$/m,
    ],
    [["inspect", `docker://${busybox}`], 1, /cannot be reached: it speaks no TLS; .* say --insecure$/m],
    [["diff", "a", "b", "c"], 2, /too many arguments/],
  ];
  for (const [args, status, message] of wrong) {
    it(`${args.join(" ")} ends with ${status} and says why`, async () => {
      const finished = await larder(args);
      assert.equal(finished.status, status);
      assert.match(finished.stderr, message);
      assert.doesNotMatch(finished.stderr, /^ +at /m, "a stack trace");
      assert.equal(finished.stdout, "");
    });
  }

  it("finds in real images what the schemas describe", async () => {
    const schema = (name: string) =>
      JSON.parse(readFileSync(new URL(`../../src/shelf/${name}.schema.json`, import.meta.url), "utf8"));
    const ajv = new Ajv2020({ strictTypes: false, strictRequired: false });
    const preload = await docker(["run", "--rm", first, "cat", "/usr/lib/larder/preload.json"]);
    assert.ok(ajv.validate(schema("preload"), JSON.parse(preload)), ajv.errorsText());
    const label = await docker([
      "image",
      "inspect",
      "--format",
      `{{index .Config.Labels "${preloadLabel}"}}`,
      first,
    ]);
    assert.ok(ajv.validate(schema("label"), JSON.parse(label)), ajv.errorsText());
  });
});
