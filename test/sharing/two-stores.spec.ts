import assert from "node:assert/strict";
import { skip } from "../../src/testing.js";
import { cleanUp } from "../harness/cleanup.js";
import { dockerStage, engineNames, lab, labImage, needsDocker } from "../harness/lab.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { SystemContainer, type SystemOptions } from "../harness/system-container.js";
import { type InnerImages, innerImages, references } from "./images.js";
import {
  assertHolds,
  blobLayers,
  diffIdsOf,
  holderOf,
  pushSystem,
  type SystemImage,
} from "./outer-layers.js";

const containerd = labImage("containerd:2.1");
describe("sharing: across the two kinds of store", () => {
  let inner: InnerImages;
  let onDocker: SystemImage;
  let onContainerd: SystemImage;
  before(async () => {
    inner = await innerImages();
    const { odd, handMade, busybox } = inner;
    const preload = references(odd, handMade, busybox);
    onDocker = await pushSystem({ name: "overlay2", preload });
    onContainerd = await pushSystem({ name: "containerd", base: containerd, preload });
  });
  after(cleanUp);

  it("an inner layer is the same outer layer in both", () => {
    const { odd, handMade, busybox } = inner;
    for (const system of [onDocker, onContainerd]) assertHolds(system, [odd, handMade, busybox]);
    const layersOf = (system: SystemImage) =>
      [...system.holders.keys()].sort().map((diffId) => {
        const { diffId: outer, blob } = holderOf(system, diffId);
        return `${diffId}: diffID ${outer}, blob ${blob}`;
      });
    assert.deepEqual(layersOf(onContainerd), layersOf(onDocker));
  });

  it("only the store that needs them has blobs, one in each outer layer", () => {
    const { odd, handMade, busybox } = inner;
    assert.deepEqual(blobLayers(onDocker, []), {});
    const blobs = blobLayers(onContainerd, [odd, handMade, busybox]);
    assert.equal(new Set(Object.values(blobs).map(([diffId]) => diffId)).size, Object.keys(blobs).length);
    const [blob = ""] = busybox.blobs;
    const history = onContainerd.blobHolders.get(blob)?.[0]?.history;
    assert.match(history ?? "", / blob of layer 1 of \d+, sha256:/);
  });

  for (const version of ["28.5", "29.9"] as const) {
    it(`layers and blobs are the same outer layers in another system image, for the containerd of Docker ${version}`, async function () {
      needsDocker(this, version);
      const { odd, busybox, index } = inner;
      const preload = `PRELOAD ${references(index, odd).join(" ")}\n`;
      const dockerfile = dockerStage(version, "containerd") + preload;
      const other = await pushSystem({ name: `docker-containerd-${version}`, dockerfile });
      for (const diffId of odd.diffIds)
        assert.equal(holderOf(other, diffId).blob, holderOf(onContainerd, diffId).blob, diffId);
      const here = blobLayers(other, [odd, index]);
      const there = blobLayers(onContainerd, [odd, inner.handMade, busybox]);
      const common = Object.keys(here).filter((digest) => there[digest]);
      assert.deepEqual(common.sort(), [...new Set(odd.blobs)].sort());
      for (const digest of common) assert.deepEqual(here[digest], there[digest], digest);
    });
  }

  it("built again without the cache, all of it is the same, databases too", async () => {
    const { odd, handMade, busybox } = inner;
    const build = { base: containerd, preload: references(odd, handMade, busybox) };
    const again = await pushSystem({ name: "containerd-again", ...build, args: ["--no-cache"] });
    assert.deepEqual(again.shelf, onContainerd.shelf);
  });

  it("built by an engine with a graph driver, which copies where the other merges", async function () {
    if (!engineNames.includes("graph")) skip(this, "there is no engine with a graph driver");
    const { handMade, busybox } = inner;
    const images = [handMade, busybox];
    const build = { base: containerd, preload: references(...images) };
    const copied = await pushSystem({ name: "containerd-graph", engine: "graph", ...build });
    assertHolds(copied, images);
    for (const [diffId, outer] of Object.entries(diffIdsOf(copied)))
      assert.equal(outer, holderOf(onContainerd, diffId).diffId);
    await assertContainerdRuns(copied, "default", [busybox], { engine: "graph" });
    for (const [digest, [diffId]] of Object.entries(blobLayers(copied, images)))
      assert.equal(diffId, onContainerd.blobHolders.get(digest)?.[0]?.diffId, `blob ${digest}`);
  });

  it("one system image has both: two catalogs, and one set of layers", async () => {
    const { index, busybox, odd } = inner;
    const dockerfile = `FROM ${lab.system}
PRELOAD ${index.reference} ${busybox.reference}
PRELOAD --namespace=k8s.io ${index.reference} ${odd.reference}
VOLUME /var/lib/containerd
`;
    const system = await pushSystem({ name: "two-stores", dockerfile });
    assertHolds(system, [index, busybox, odd]);
    blobLayers(system, [index, odd]);
    assert.equal(system.catalogs.length, 2);
    for (const diffId of [...odd.diffIds, ...busybox.diffIds])
      assert.equal(holderOf(system, diffId).blob, holderOf(onDocker, diffId).blob, diffId);
    const container = await SystemContainer.start(nameOf(system));
    await container.exec("sh", "-c", "containerd >/var/log/containerd.log 2>&1 &");
    await SystemContainer.named(container.id, { daemon: "containerd" }).ready();
    const said = await container.exec(
      "grep",
      "-h",
      "^larder:",
      "/var/log/dockerd.log",
      "/var/log/containerd.log",
    );
    assert.deepEqual(said.match(/attached \d images .* to \S+/g), [
      `attached 2 images (${layersIn(index, busybox)} layers) to /var/lib/docker`,
      // It has Docker's images, too, for a Docker that uses this containerd.
      `attached 4 images (${layersIn(index, busybox, odd)} layers) to /var/lib/containerd`,
    ]);
    await assertDockerRuns(container, [index, busybox]);
    await assertRunsIn(container, "k8s.io", [index, odd]);
    await container.remove();
  });

  for (const [daemon, base, version] of [
    ["containerd", `FROM ${containerd}\n`],
    ["docker", dockerStage("28.5", "containerd"), "28.5"],
    ["docker29", dockerStage("29.9", "containerd"), "29.9"],
  ] as const) {
    it(`a second PRELOAD, in the stage and FROM it, adds only missing layers (${daemon})`, async function () {
      if (version) needsDocker(this, version);
      const { index, odd, busybox } = inner;
      const dockerfile = `${base}PRELOAD ${busybox.reference}\nPRELOAD ${odd.reference} ${busybox.reference}\n`;
      const first = await pushSystem({ name: `${daemon}-twice`, dockerfile });
      assertHolds(first, [odd, busybox]);
      const known = blobLayers(first, [odd, busybox]);
      const preload = references(index, busybox);
      const second = await pushSystem({ name: `${daemon}-from`, base: nameOf(first), preload });
      const images = [odd, busybox, index];
      assertHolds(second, images);
      const all = blobLayers(second, images);
      for (const digest of Object.keys(known)) assert.deepEqual(all[digest], known[digest]);
      assert.deepEqual(second.diffIds.slice(0, first.diffIds.length), first.diffIds, "the base is kept");
      if (daemon === "containerd") return assertContainerdRuns(second, "default", images);
      const container = await SystemContainer.start(nameOf(second));
      await assertDockerRuns(container, images);
      await container.remove();
    });
  }

  it("more blobs than outer layers are allowed: the smallest share the last", async () => {
    const { index, busybox } = inner;
    const preload = references(busybox, index);
    const args = ["--build-arg", "LARDER_LAYERS=4"];
    const system = await pushSystem({ name: "containerd-budget", base: containerd, preload, args });
    assertHolds(system, [busybox, index]);
    const shared = new Set([...busybox.blobs, ...index.blobs]).size - 1;
    assert.deepEqual(blobsPerLayer(system), [1, shared], "one alone, the others together");
    await assertContainerdRuns(system, "default", [busybox, index]);
  });
});

/** The number of blobs in each outer layer of blobs, sorted. */
function blobsPerLayer({ blobHolders }: SystemImage): number[] {
  const counts = new Map<string, number>();
  for (const [holder] of blobHolders.values())
    counts.set(holder?.diffId ?? "", (counts.get(holder?.diffId ?? "") ?? 0) + 1);
  return [...counts.values()].sort();
}

function nameOf({ reference, digest }: RegistryImage): string {
  return `${reference}@${digest}`;
}

function layersIn(...images: readonly RegistryImage[]): number {
  return new Set(images.flatMap(({ diffIds }) => diffIds)).size;
}

async function assertContainerdRuns(
  system: SystemImage,
  namespace: string,
  images: readonly RegistryImage[],
  options: SystemOptions = {},
): Promise<void> {
  const container = await SystemContainer.start(nameOf(system), { daemon: "containerd", ...options });
  await assertRunsIn(container, namespace, images);
  await container.remove();
}

async function assertRunsIn(
  container: SystemContainer,
  namespace: string,
  images: readonly RegistryImage[],
): Promise<void> {
  for (const [index, { reference }] of images.entries()) {
    const run = ["run", "--rm", "--user", "0", reference, `c${index}`, "cat", "/proc/self/comm"];
    assert.equal(await container.ctr(namespace, ...run), "cat\n", reference);
  }
  const check = await container.ctr(namespace, "images", "check", "--quiet");
  for (const { reference } of images) assert.ok(check.split("\n").includes(reference), check);
}

/** Asserts that the inner Docker has these images and no others, and can run them. */
async function assertDockerRuns(container: SystemContainer, images: readonly RegistryImage[]): Promise<void> {
  const listed = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  assert.deepEqual(listed.trim().split("\n").sort(), references(...images).sort());
  for (const { reference } of images) {
    const run = ["run", "--rm", "--network", "none", "--user", "0", reference];
    assert.equal(await container.inner(...run, "cat", "/proc/self/comm"), "cat\n", reference);
  }
}
