import assert from "node:assert/strict";
import { skip } from "../../src/testing.js";
import { dockerStage, engineNames, needsDocker } from "../harness/lab.js";
import { type InnerImages, innerImages, references } from "./images.js";
import { assertHolds, diffIdsOf, holderOf, pushSystem, type SystemImage } from "./outer-layers.js";

describe("sharing: an inner layer is the same outer layer wherever it is preloaded", () => {
  let inner: InnerImages;
  let first: SystemImage;

  before(async () => {
    inner = await innerImages();
    const { odd, handMade, python, busybox } = inner;
    first = await pushSystem({ name: "first", preload: references(odd, handMade, python, busybox) });
  });

  it("the image has each inner layer once, and its history names it", () => {
    const { odd, handMade, python, busybox } = inner;
    assertHolds(first, [odd, handMade, python, busybox]);
    const [debian = "", packages = ""] = python.diffIds;
    const name = python.reference;
    assert.equal(holderOf(first, debian).history, `PRELOAD ${name}, layer 1 of 2, ${debian}`);
    assert.equal(holderOf(first, packages).history, `PRELOAD ${name}, layer 2 of 2, ${packages}`);
    const blobs = new Set(first.shelf.map(({ blob }) => blob));
    assert.equal(blobs.size, first.shelf.length, "no two outer layers are the same");
  });

  for (const version of ["20.10", "29.9"] as const) {
    it(`in a system image with Docker ${version} that preloads an overlapping set`, async function () {
      needsDocker(this, version);
      const { odd, handMade, python, nginx } = inner;
      const preload = `PRELOAD ${references(nginx, python, handMade, odd).join(" ")}\n`;
      const dockerfile = dockerStage(version, "overlay2") + preload;
      const second = await pushSystem({ name: `second-${version}`, dockerfile });
      assertHolds(second, [nginx, python, handMade, odd]);
      const common = [...first.holders.keys()].filter((diffId) => second.holders.has(diffId));
      assert.deepEqual(common.sort(), [...first.holders.keys()].sort(), "busybox is the lowest layer of odd");
      const words = (system: SystemImage) =>
        common.map((diffId) => {
          const { diffId: outer, blob } = holderOf(system, diffId);
          return `${diffId}: diffID ${outer}, blob ${blob}`;
        });
      assert.deepEqual(words(second), words(first));
    });
  }

  it("preloaded together with other images, in another order", async () => {
    const { busybox, python, nginx } = inner;
    const other = await pushSystem({ name: "order", preload: references(busybox, nginx, python) });
    assertHolds(other, [busybox, nginx, python]);
    for (const diffId of [...busybox.diffIds, ...python.diffIds]) {
      const { diffId: outer, blob } = holderOf(other, diffId);
      assert.deepEqual([outer, blob], [holderOf(first, diffId).diffId, holderOf(first, diffId).blob]);
    }
  });

  it("built again without the cache: the catalog layer is the same as well", async () => {
    const { odd, handMade, python, busybox } = inner;
    const preload = references(odd, handMade, python, busybox);
    const again = await pushSystem({ name: "again", preload, args: ["--no-cache"] });
    assert.deepEqual(again.shelf, first.shelf);
  });

  it("built by an engine with a graph driver, which copies where the other merges", async function () {
    if (!engineNames.includes("graph")) skip(this, "there is no engine with a graph driver");
    const { odd, handMade, python, busybox } = inner;
    const preload = references(odd, handMade, python, busybox);
    const copied = await pushSystem({ name: "graph", engine: "graph", preload });
    assertHolds(copied, [odd, handMade, python, busybox]);
    assert.deepEqual(diffIdsOf(copied), diffIdsOf(first));
  });

  it("built by that engine again without the cache", async function () {
    if (!engineNames.includes("graph")) skip(this, "there is no engine with a graph driver");
    const build = { engine: "graph", preload: references(inner.handMade, inner.busybox) } as const;
    const copied = await pushSystem({ name: "graph-small", ...build });
    const again = await pushSystem({ name: "graph-again", ...build, args: ["--no-cache"] });
    assert.deepEqual(again.shelf, copied.shelf);
    for (const diffId of [...inner.handMade.diffIds, ...inner.busybox.diffIds]) {
      assert.equal(holderOf(copied, diffId).diffId, holderOf(first, diffId).diffId);
    }
  });
});
