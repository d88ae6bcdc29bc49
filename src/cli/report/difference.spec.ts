import assert from "node:assert/strict";
import { compareImages } from "./difference.js";
import { differenceJson } from "./difference-json.js";
import { formatDifference } from "./difference-text.js";
import { describeSystemImage } from "./system-image.js";
import { type FakeLayer, fakeDigest, fakeOuter, fakeShelved, filesOf } from "./testing.js";

const base: FakeLayer = { word: "base", compressed: 1000 };
const debian: FakeLayer = { word: "debian", history: filesOf("redis:7", 1, 2, "debian"), compressed: 100 };
const redis: FakeLayer = { word: "redis", history: filesOf("redis:7", 2, 2, "redis"), compressed: 10 };
const nginx: FakeLayer = { word: "nginx", history: filesOf("nginx:1", 2, 2, "nginx"), compressed: 20 };
const catalog = (word: string): FakeLayer => ({
  word,
  history: "PRELOAD redis:7 nginx:1, catalog",
  compressed: 1,
});

function image(
  name: string,
  layers: readonly FakeLayer[],
  inner: readonly [string, ...string[]][] | undefined,
) {
  const outer = fakeOuter(name, "registry", layers);
  const images = inner?.map(([of, ...words]) => fakeShelved(of, words));
  return describeSystemImage(outer, images && { images, sizes: new Map() });
}

describe("the difference of two system images", () => {
  const from = image(
    "from",
    [base, debian, redis, catalog("old")],
    [
      ["old:1", "debian"],
      ["redis:7", "debian", "redis"],
    ],
  );

  it("has the inner images that come, go and stay", () => {
    const to = image(
      "to",
      [base, debian, redis, nginx, catalog("new")],
      [
        ["nginx:1", "debian", "nginx"],
        ["redis:7", "debian", "redis"],
      ],
    );
    const { inner, layers, gone, transfers } = compareImages(from, to);
    assert.deepEqual(
      inner.map(({ name, change }) => [name, change]),
      [
        ["nginx:1", "added"],
        ["old:1", "removed"],
        ["redis:7", "same"],
      ],
    );
    assert.deepEqual(
      layers.map(({ change }) => change),
      ["kept", "kept", "kept", "new", "new"],
    );
    assert.deepEqual(
      gone.map(({ diffId }) => diffId),
      [fakeDigest("old")],
    );
    assert.deepEqual(transfers.containerd, { bytes: 21, isComplete: true });
    assert.deepEqual(transfers.graphDriver, { bytes: 21, isComplete: true });
  });

  it("has layers that lie on others: containerd has the blob, a graph driver does not", () => {
    const to = image(
      "to",
      [{ word: "newer base", compressed: 2000 }, debian, redis, catalog("old")],
      [["redis:7", "debian", "redis"]],
    );
    const difference = compareImages(from, to);
    assert.deepEqual(
      difference.layers.map(({ change }) => change),
      ["new", "moved", "moved", "moved"],
    );
    assert.equal(difference.transfers.containerd.bytes, 2000);
    assert.equal(difference.transfers.graphDriver.bytes, 2111);
    assert.match(
      formatDifference(difference),
      /^An update transfers 2 kB to a host with containerd's store, and 2\.11 kB to one with a graph driver\.$/m,
    );
  });

  it("is nothing between equal images", () => {
    const json = differenceJson(compareImages(from, from));
    assert.deepEqual(new Set(json.layers.map(({ change }) => change)), new Set(["kept"]));
    assert.deepEqual(json.transfers, {
      containerd: { bytes: 0, complete: true },
      graphDriver: { bytes: 0, complete: true },
    });
  });

  it("says where the config alone does not tell", () => {
    const [before, after] = [redis, { ...redis, history: filesOf("redis:7", 2, 2, "another redis") }].map(
      (top) => image("x", [base, debian, top, catalog("c")], undefined),
    );
    assert.ok(before && after);
    const changes = (one: typeof before, other: typeof before) =>
      compareImages(one, other).inner.map(({ change }) => change);
    assert.deepEqual(changes(before, before), ["unknown", "unknown"]);
    assert.deepEqual(changes(before, after), ["unknown", "changed"]);
  });
});
