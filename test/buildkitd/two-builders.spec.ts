import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { larderJson } from "../cli/larder.js";
import { FaultyRegistry } from "../errors/registry.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker } from "../harness/docker.js";
import { labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import {
  CountingProxy,
  mountedBlobs,
  sentBlobs,
  type Transfer,
  takenBlobs,
  total,
} from "./counting-proxy.js";

const buildkitd = fileURLToPath(new URL("../../lab/buildkitd.sh", import.meta.url));
const [python, nginx, pause] = [labImage("python:3"), labImage("nginx:latest"), labImage("pause:3")];
const repository = labImage("e2e/two-builders");
const cache = labImage("e2e/two-builders-cache:1");

/** Each run has its own repositories, which have no layer yet. */
const run = Date.now().toString(36);

/** A member of what `larder inspect --json` says of an image. */
interface Layer {
  readonly digest: string;
  readonly compressed: number;
  readonly holds: "stage" | "files" | "blobs" | "catalog";
}

/** The second builder has nothing. All bytes between it and the registry are counted. */
describe("two builders and one registry", () => {
  const dockerfile = `FROM ${labImage("docker:28.5")}\nPRELOAD ${python} ${nginx}\n`;
  let proxy: CountingProxy;
  let builder: string;
  /** The first image's layers, by digest: their sizes. Those of inner images, and all but these. */
  let inner: ReadonlyMap<string, number>;
  let others: ReadonlyMap<string, number>;
  /** Blobs of the inner images themselves. */
  let packed: readonly string[];

  before(async () => {
    const tag = `${repository}:first`;
    proxy = await CountingProxy.start();
    const start = output(buildkitd, ["start-second", `HTTP_PROXY=${proxy.address}`]);
    const exported = ["--cache-to", `type=registry,mode=max,ref=${cache}`];
    await build({ dockerfile, tag, args: ["--push", ...exported] });
    builder = (await start).trim();
    const inspect = ["inspect", "--insecure", `docker://${tag}`];
    const { images } = await larderJson<{ images: { layers: Layer[] }[] }>(inspect);
    const layers = images.flatMap((image) => image.layers);
    const sizes = (wanted: boolean) => {
      const chosen = layers.filter(({ holds }) => (holds === "files" || holds === "blobs") === wanted);
      return new Map(chosen.map(({ digest, compressed }) => [digest, compressed]));
    };
    [inner, others] = [sizes(true), sizes(false)];
    packed = (await Promise.all([python, nginx].map(registryImage))).flatMap(({ blobs }) => blobs);
    assert.ok(inner.size >= 3 && total(inner.values()) > 20e6, "there is something to transfer");
  });
  after(cleanUp);
  beforeEach(() => docker(["buildx", "prune", "--builder", builder, "--all", "--force"]));

  /** @returns what the second builder did, and what it transferred. */
  async function buildBySecond(text: string, tag: string, ...more: readonly string[]) {
    await proxy.transfers();
    const args = ["--push", "--cache-from", `type=registry,ref=${cache}`, ...more];
    const log = await build({ dockerfile: text, tag, args, env: { BUILDX_BUILDER: builder } });
    const transfers = await proxy.transfers();
    return {
      transfers,
      unpacked: unpackedLayers(log),
      taken: takenBlobs(transfers),
      sent: sentBlobs(transfers),
    };
  }

  function assertNoInnerLayer(blobs: ReadonlyMap<string, number>): void {
    for (const digest of [...inner.keys(), ...packed]) assert.equal(blobs.get(digest), undefined, digest);
  }

  it("the same Dockerfile: no layer is unpacked, fetched or sent", async () => {
    const { transfers, unpacked, taken, sent } = await buildBySecond(dockerfile, `${repository}:same-${run}`);
    assert.deepEqual(unpacked, []);
    assertNoInnerLayer(taken);
    assert.deepEqual(sent, new Map());
    const manifest = transfers.filter(({ path, method }) => method === "PUT" && path.includes("/manifests/"));
    assert.equal(manifest.length, 1);
    assert.equal(total(transfers.map((transfer) => transfer.sent)), manifest[0]?.sent);
    // The other bytes that it takes are those of the frontend's image, which every builder needs once.
    assert.ok(total(bytesWithout(transfers, "/v2/larder/dockerfile/")) < 1e6);
  });

  it("another base and one image more: only the layers of that one are fetched, unpacked and sent", async () => {
    const other = `FROM ${labImage("docker:20.10")}\nPRELOAD ${pause} ${nginx} ${python}\n`;
    const { unpacked, taken, sent } = await buildBySecond(other, `${repository}:other-${run}`);
    const { diffIds, blobs } = await registryImage(pause);
    assert.deepEqual(unpacked, [...diffIds].sort());
    for (const digest of blobs) assert.ok(taken.has(digest), digest);
    assertNoInnerLayer(taken);
    assertNoInnerLayer(sent);
  });

  it("another repository of the registry: it takes the layers over from the first one", async () => {
    const { transfers, taken, sent } = await buildBySecond(dockerfile, labImage(`e2e/two-builders-${run}:1`));
    assertNoInnerLayer(taken);
    assertNoInnerLayer(sent);
    const mounted = mountedBlobs(transfers);
    for (const digest of inner.keys()) assert.ok(mounted.includes(digest), digest);
  });

  it("an image more, and its cache for others: no inner layer that the registry has is transferred", async () => {
    const more = `FROM ${labImage("docker:28.5")}\nPRELOAD ${python} ${nginx} ${pause}\n`;
    const exported = ["--cache-to", `type=registry,mode=max,ref=${cache}-more`];
    const { unpacked, taken, sent } = await buildBySecond(more, `${repository}:more-${run}`, ...exported);
    assert.deepEqual(unpacked, [...(await registryImage(pause)).diffIds].sort());
    assertNoInnerLayer(taken);
    assertNoInnerLayer(sent);
  });

  for (const below of ["RUN echo below >/below", "COPY Dockerfile /below"]) {
    it(`below PRELOAD ${below}: all layers below it are taken once, and none is sent`, async () => {
      const text = `${dockerfile}${below}\n`;
      const { unpacked, taken, sent } = await buildBySecond(text, `${repository}:below-${run}`);
      assert.deepEqual(unpacked, []);
      for (const [digest, size] of [...inner, ...others]) assert.equal(taken.get(digest), size, digest);
      assertNoInnerLayer(sent);
    });
  }

  it("below PRELOAD COPY --link: no inner layer is taken or sent", async () => {
    const text = `${dockerfile}COPY --link Dockerfile /below\n`;
    const { unpacked, taken, sent } = await buildBySecond(text, `${repository}:link-${run}`);
    assert.deepEqual(unpacked, []);
    assertNoInnerLayer(taken);
    assertNoInnerLayer(sent);
  });

  it("another registry: all layers are taken from the first one, and sent to the other one", async () => {
    const registry = await FaultyRegistry.start("separate");
    const tag = `${registry.address}/e2e-buildkitd/two-builders-elsewhere-${run}:1`;
    const { unpacked, taken, sent } = await buildBySecond(dockerfile, tag);
    assert.deepEqual(unpacked, []);
    for (const [digest, size] of inner) {
      assert.equal(taken.get(digest), size, digest);
      assert.equal(sent.get(digest), size, digest);
    }
  });
});

/** DiffIDs of the layers that an unpack step printed: it ran. */
function unpackedLayers(log: string): string[] {
  const printed = log.matchAll(/^#\d+ \d+\.\d+ unpacked layer (sha256:[0-9a-f]{64}) /gm);
  return [...printed].map(([, diffId = ""]) => diffId).sort();
}

function bytesWithout(transfers: readonly Transfer[], path: string): number[] {
  return transfers.filter((transfer) => !transfer.path.startsWith(path)).map(({ taken }) => taken);
}
