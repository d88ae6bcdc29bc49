import assert from "node:assert/strict";
import { describeHeld } from "./holders.js";
import { reportJson } from "./json.js";
import { costsOf, describeCost, distinctLayers } from "./sharing.js";
import { describeSystemImage, type SystemImage } from "./system-image.js";
import { fakeDigest, fakeOuter, fakeShelved, filesOf } from "./testing.js";
import { formatReport } from "./text.js";

const base = { word: "base", compressed: 1000, unpacked: 3000 };
const debian = {
  word: "debian",
  history: filesOf("redis:7", 1, 2, "debian"),
  compressed: 100,
  unpacked: 300,
};
const redis = { word: "redis", history: filesOf("redis:7", 2, 2, "redis"), compressed: 10, unpacked: 30 };
const python = { word: "python", history: filesOf("python:3", 2, 2, "python"), compressed: 20, unpacked: 60 };
const catalog = { word: "catalog", history: "PRELOAD redis:7 python:3, catalog", compressed: 1, unpacked: 2 };

const shelved = [
  fakeShelved("python:3", ["debian", "python"]),
  fakeShelved("redis:7", ["debian", "redis"], "containerd"),
  fakeShelved("redis:7", ["debian", "redis"]),
];
const facts = { images: shelved, sizes: new Map([[String(fakeDigest("inner redis")), 29]]) };
const outer = fakeOuter("one", "registry", [base, debian, redis, python, catalog]);

describe("a system image", () => {
  it("is told by its config: names, the first image of each layer, and which are not known", () => {
    const { inner, layers, knownFrom } = describeSystemImage(outer, undefined);
    assert.equal(knownFrom, "config");
    assert.deepEqual(inner, [
      {
        name: "python:3",
        layers: [{}, { diffId: fakeDigest("inner python"), outer: 3, compressed: 20, unpacked: 60 }],
      },
      {
        name: "redis:7",
        layers: [
          { diffId: fakeDigest("inner debian"), outer: 1, compressed: 100, unpacked: 300 },
          { diffId: fakeDigest("inner redis"), outer: 2, compressed: 10, unpacked: 30 },
        ],
      },
    ]);
    assert.deepEqual(
      layers.map(({ holds }) => holds?.kind),
      [undefined, "files", "files", "files", "catalog"],
    );
  });

  it("is told by its catalog: digests, stores, all layers, and the catalog's own sizes", () => {
    const image = describeSystemImage(outer, facts);
    assert.deepEqual(
      image.inner.map(({ name, details, layers }) => [
        name,
        details?.stores,
        layers.map((layer) => layer.outer),
      ]),
      [
        ["python:3", [{ store: "overlay2" }], [1, 3]],
        ["redis:7", [{ store: "containerd", namespace: "moby" }, { store: "overlay2" }], [1, 2]],
      ],
    );
    assert.equal(image.inner[1]?.details?.digest, fakeDigest("index redis:7"));
    assert.equal(image.inner[1]?.layers[1]?.unpacked, 29);
    assert.deepEqual(
      image.layers.map((layer) => describeHeld(image, layer)),
      ["the stage's own", "python:3 1/2, redis:7 1/2", "redis:7 2/2", "python:3 2/2", "catalog"],
    );
  });

  it("gives no size to inner layers that share an outer layer", () => {
    const group = `PRELOAD 2 small layers, ${fakeDigest("inner debian")} ${fakeDigest("inner redis")}`;
    const grouped = fakeOuter("g", "registry", [{ word: "two", history: group, compressed: 5 }, catalog]);
    const image = describeSystemImage(grouped, { images: shelved.slice(2), sizes: new Map() });
    assert.deepEqual(
      image.inner[0]?.layers.map(({ compressed }) => compressed),
      [undefined, undefined],
    );
    assert.match(formatReport([image]), /2 small layers: redis:7 1\/2, redis:7 2\/2/);
  });

  it("has nothing preloaded: a line says so", () => {
    const report = formatReport([describeSystemImage(fakeOuter("plain", "engine", [base]), undefined)]);
    assert.equal(
      report,
      `plain\nlinux/amd64, in the engine, ${fakeDigest("plain")}\nno image is preloaded: there is no label io.larder.preload\n`,
    );
  });
});

describe("what images share", () => {
  const one = describeSystemImage(outer, facts);
  const other = fakeOuter("two", "registry", [
    { word: "other base", compressed: 500, unpacked: 900 },
    debian,
    redis,
    catalog,
  ]);
  const two = describeSystemImage(other, { ...facts, images: shelved.slice(1) });
  const numbers = (images: readonly SystemImage[]) =>
    costsOf(images).map((cost) => [describeCost(cost), cost.shared.bytes, cost.apart.bytes]);

  it("within one image are the layers of several inner images", () => {
    // redis (110) and python (120) have the same 100 below them.
    assert.deepEqual(numbers([one]), [
      ["a registry stores", 1131, 1231],
      ["a host with containerd transfers", 1131, 1231],
      ["a host with graph driver transfers", 1131, 1231],
      ["a host stores", 3392, 3691],
      ["1000 hosts with containerd transfer", 1131000, 1231000],
      ["1000 hosts with graph driver transfer", 1131000, 1231000],
      ["1000 hosts store", 3392000, 3691000],
    ]);
  });

  it("on other bases are blobs, and no files: engines unpack a layer for each stack", () => {
    const shared = [...distinctLayers([one, two], "content").values()].filter(
      ({ images }) => images.length > 1,
    );
    assert.deepEqual(
      shared.map(({ layer }) => layer.diffId),
      [debian, redis, catalog].map(({ word }) => fakeDigest(word)),
    );
    assert.equal(
      [...distinctLayers([one, two], "stack").values()].filter(({ images }) => images.length > 1).length,
      0,
    );
    const [registry, containerd, graphDriver] = numbers([one, two]);
    assert.deepEqual(registry?.[1], 1631);
    assert.deepEqual(containerd?.[1], 1631);
    assert.deepEqual(graphDriver?.[1], 1131 + 611);
  });

  it("is a sum with unknown parts, if a size is unknown", () => {
    const unknown = describeSystemImage(
      fakeOuter("u", "registry", [
        { word: "x", unpacked: 7 },
        { ...debian, history: filesOf("a:1", 1, 1, "x") },
        catalog,
      ]),
      undefined,
    );
    assert.match(formatReport([unknown]), /a registry stores +compressed +> 101 B/);
    assert.deepEqual(reportJson([unknown]).costs[0]?.shared, { bytes: 101, complete: false });
  });
});
