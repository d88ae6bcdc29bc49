import assert from "node:assert/strict";
import { blobOf, layerOf } from "../../test/harness/fake-upstream.js";
import { built, failed, mountsOf, runFrontend, sample, stepNamed } from "../../test/harness/run-frontend.js";
import { MountContentCache, NetMode, SecurityMode } from "../gen/ops.js";

/** Whole builds by the direct way, against a builder whose steps do not run. */
describe("build with PRELOAD, without privilege", function () {
  this.timeout(20_000);

  const options = { "build-arg:LARDER_VIA": "direct" };
  const build = (file: string, more: Parameters<typeof sample>[1] = {}) =>
    runFrontend(sample(file, { lacks: [], ...more, options: { ...options, ...more.options } }));
  const [debian, redis] = ["debian", "redis"].map((name) => layerOf(name));

  it("unpacks each layer by itself, describes the images, and asks for no right", async () => {
    const { steps } = built(await build("FROM docker:29-dind\nPRELOAD redis:7\n"));
    const own = steps.filter(({ exec }) => exec !== undefined);
    assert.deepEqual(
      own.map(({ name }) => name),
      ["[larder] unpack redis:7 layer 1/2", "[larder] unpack redis:7 layer 2/2", "[larder] describe 1 image"],
    );
    for (const { exec } of own) {
      assert.equal(exec?.security, SecurityMode.SANDBOX);
      assert.equal(exec?.network, NetMode.NONE);
    }
    const unpack = stepNamed(steps, "[larder] unpack redis:7 layer 2/2");
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    const layer = { diffId: redis, digest: blobOf(String(redis)), mediaType };
    assert.deepEqual(unpack.job, { kind: "unpack", layers: [layer] });
    assert.equal(mountsOf(unpack, steps)["/in/blobs/0"], "[larder] fetch redis:7 layer 2/2 #0");
    const describe = stepNamed(steps, "[larder] describe 1 image");
    assert.ok(describe.job?.kind === "catalog");
    assert.deepEqual(describe.job.layers, [[debian], [redis]]);
    assert.deepEqual(Object.keys(mountsOf(describe, steps)), [
      "/",
      "/in/stage",
      "/in/documents",
      "/in/records/0",
      "/in/records/1",
    ]);
  });

  it("has the same step for a layer in every Dockerfile, image and registry", async () => {
    const one = built(await build("FROM docker:29-dind\nPRELOAD redis:7\n")).steps;
    const images = { "other:1": {}, "example.com/postgres:17": { layers: ["debian", "postgres"] } };
    const file = "FROM other:1\nRUN x\nPRELOAD --store=docker example.com/postgres:17\n";
    const two = built(await build(file, { images })).steps;
    const job = stepNamed(one, "[larder] unpack redis:7 layer 1/2").job;
    const again = stepNamed(two, "[larder] unpack example.com/postgres:17 layer 1/2").job;
    assert.deepEqual(again, job);
    // The blob of another repository is another vertex, whose cache key is its digest alone.
    const source = (steps: typeof one) =>
      steps
        .filter(({ kind }) => kind === "source")
        .map(({ name }) => name)
        .filter((name) => /fetch/.test(name));
    assert.deepEqual(source(two), [
      "[larder] fetch example.com/postgres:17 layer 1/2",
      "[larder] fetch example.com/postgres:17 layer 2/2",
    ]);
  });

  it("takes the blobs from layouts where the builder does not give them, known by their content", async () => {
    for (const lacks of [["source.imageblob"], ["mergeop"]]) {
      const { steps } = built(await build("FROM docker:29-dind\nPRELOAD redis:7\n", { lacks }));
      const unpack = stepNamed(steps, "[larder] unpack redis:7 layer 1/2");
      assert.match(mountsOf(unpack, steps)["/in/blobs/0"] ?? "", /^\[larder\] fetch redis:7 #/);
      const blob = unpack.exec?.mounts.find(({ dest }) => dest === "/in/blobs/0");
      assert.equal(blob?.contentCache, MountContentCache.DEFAULT);
      assert.match(blob?.selector ?? "", /^\/blobs\/sha256\/[0-9a-f]{64}$/);
    }
  });

  it("is what a plain sandbox gets, whatever LARDER_SECURITY says", async () => {
    const args = { "build-arg:LARDER_VIA": "auto", "build-arg:LARDER_SECURITY": "insecure" };
    const { steps } = built(await build("FROM docker:29-dind\nPRELOAD redis:7\n", { options: args }));
    stepNamed(steps, "[larder] describe 1 image");
  });

  it("is taken by one PRELOAD alone, if it says so", async () => {
    const args = { "build-arg:LARDER_VIA": "daemon" };
    const file = "FROM docker:29-dind\nPRELOAD --via=direct redis:7\n";
    stepNamed(built(await build(file, { options: args })).steps, "[larder] describe 1 image");
  });

  it("lets many small layers share a step, and gives it no long argument", async () => {
    const layers = Array.from({ length: 300 }, (_, n) => `layer ${n}`);
    const images = { "many:1": { layers } };
    const { steps } = built(await build("FROM docker:29-dind\nPRELOAD many:1\n", { images }));
    const unpacks = steps.filter(({ job }) => job?.kind === "unpack");
    assert.ok(unpacks.length < 65, String(unpacks.length));
    const shared = steps.find(({ name }) => /unpack \d+ small layers/.test(name));
    assert.ok(shared?.job?.kind === "unpack" && shared.job.layers.length > 200);
    assert.ok((shared.exec?.meta?.args ?? []).every((argument) => argument.length < 32_000));
  });

  it("explains a layer that cannot be fetched or unpacked, at the line of its image", async () => {
    const file = "FROM docker:29-dind\nPRELOAD redis:7 \\\n  postgres:17\n";
    const message = "its layer is corrupt";
    const fails = ({ name }: { name: string }) =>
      name === "[larder] unpack postgres:17 layer 2/2" ? JSON.stringify({ message }) : undefined;
    const failure = failed(await build(file, { fails }));
    assert.equal(failure.message, `PRELOAD: image "postgres:17": ${message}`);
    assert.deepEqual(failure.lines, [3]);
  });

  describe("warns of images without blobs", () => {
    const file = "FROM docker:29-dind\nRUN x\nPRELOAD --blobs=never redis:7\n";
    const dockers = { manager: "docker", store: "containerd" } as const;
    const warnings = async (text: string, more: Parameters<typeof sample>[1] = {}): Promise<string[]> => {
      const outcome = await build(text, { store: dockers, ...more });
      built(outcome, more.options?.platform && "linux/amd64");
      return outcome.upstream.warnings.map(({ short }) => short.toString());
    };

    it("in Docker's containerd store, once", async () => {
      const [only, ...more] = await warnings(file);
      assert.match(only ?? "", /^PreloadWithoutBlobs: --blobs=never .*`docker save` .* \(line 3\)$/);
      assert.deepEqual(more, []);
      const platforms = ["linux/amd64", "linux/arm64"];
      const images = { "docker:29-dind": { platforms }, "redis:7": { platforms } };
      assert.deepEqual(await warnings(file, { images, options: { platform: platforms.join(",") } }), [only]);
    });

    it("and not of those of another store, of those that have blobs, or where the file turns it off", async () => {
      const others = [
        { manager: "docker", store: "overlay2" },
        { manager: "containerd", store: "containerd" },
      ] as const;
      for (const store of others) assert.deepEqual(await warnings(file, { store }), []);
      assert.deepEqual(await warnings(file.replace("--blobs=never ", "")), []);
      assert.deepEqual(await warnings(`# check=skip=PreloadWithoutBlobs\n${file}`), []);
    });
  });

  it("compares the layers that the stage claims to have", async () => {
    const file = "FROM docker:29-dind AS one\nPRELOAD redis:7\nFROM one\nPRELOAD postgres:17\n";
    const { steps } = built(await build(file));
    const [describe] = steps.filter(({ job }) => job?.kind === "catalog" && job.claimed.length > 0);
    assert.ok(describe?.job?.kind === "catalog");
    const k = describe.job.claimed[0] ?? -1;
    assert.deepEqual(describe.job.layers[k], [debian]);
    assert.ok(mountsOf(describe, steps)[`/in/layers/${k}`]);
  });
});
