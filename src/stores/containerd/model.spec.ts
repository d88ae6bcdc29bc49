import assert from "node:assert/strict";
import type { DiffId } from "../../image/digest.js";
import { parseCatalog } from "../catalog-json.js";
import { formatSteps } from "./merge-steps.js";
import { type CatalogSnapshot, type ContainerdModel, emptyModel, formatModel, mergeModels } from "./model.js";
import { shortName, snapshotEntries, snapshotKinds } from "./tree.js";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

function layer(
  name: string,
  parent: string | null,
  id: number,
  diffId: DiffId,
  namespace = "moby",
): CatalogSnapshot {
  return { namespace, name, parent, id, holds: "layer", diffId, xattrs: false };
}

const model: ContainerdModel = {
  version: 1,
  images: [
    {
      namespace: "moby",
      name: "docker.io/library/redis:7",
      labels: {},
      target: { mediaType: "m", digest: digest("a"), size: 7 },
      chainId: digest("3"),
      metadata: [digest("a")],
    },
  ],
  snapshots: [
    layer(digest("1"), null, 1, digest("1")),
    {
      namespace: "moby",
      name: "larder-whiteouts-3",
      parent: digest("1"),
      id: 2,
      holds: "whiteouts",
      diffId: digest("2"),
      xattrs: false,
    },
    layer(digest("3"), "larder-whiteouts-3", 3, digest("2")),
  ],
  blobs: [
    { namespace: "moby", digest: digest("a"), size: 7, labels: { x: "y" }, holds: "metadata" },
    { namespace: "moby", digest: digest("b"), size: 9, labels: { x: "1", z: "2" }, holds: "layer" },
  ],
};

describe("the model of containerd's catalog", () => {
  it("is read back as it was written", () => {
    assert.deepEqual(parseCatalog(formatModel(model)), model);
    assert.throws(() => parseCatalog('{"version":2}'), /another format/);
  });

  it("of a later PRELOAD is added to an earlier one's, parents first", () => {
    const later: ContainerdModel = {
      ...emptyModel,
      images: model.images.map((image) => ({ ...image, target: { ...image.target, digest: digest("c") } })),
      snapshots: [
        layer(digest("4"), digest("3"), 4, digest("4")),
        layer(digest("1"), null, 5, digest("1"), "k8s.io"),
      ],
      blobs: [{ namespace: "k8s.io", digest: digest("a"), size: 7, labels: {}, holds: "metadata" }],
    };
    const merged = mergeModels(model, later);
    assert.deepEqual(
      merged.images.map(({ target }) => target.digest),
      [digest("c")],
    );
    assert.deepEqual(
      merged.snapshots.map(({ id }) => id),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(
      merged.blobs.map((blob) => `${blob.namespace} ${blob.digest.slice(7, 8)}`),
      ["k8s.io a", "moby a", "moby b"],
    );
  });

  it("knows the layers that a chain has twice, but not those that two chains have", () => {
    const snapshots = [
      layer("a", null, 1, digest("1")),
      layer("b", "a", 2, digest("2")),
      layer("c", "b", 3, digest("1")),
      layer("d", null, 4, digest("2")),
      layer("a", null, 5, digest("1"), "k8s.io"),
    ];
    const kinds = [...snapshotKinds({ ...model, snapshots })].map(([{ id }, kind]) => `${id} ${kind}`);
    assert.deepEqual(kinds, ["1 link", "2 link", "3 copy", "4 link", "5 link"]);
  });

  it("comes out as steps for a containerd that holds other images: names, blobs, snapshots", () => {
    assert.deepEqual(formatSteps(model).split("\n"), [
      `image moby docker.io/library/redis:7 ${digest("a")} ${digest("3")} 42ee040ccbdd`,
      `blob moby ${digest("a")} 7 - x=y`,
      `blob moby ${digest("b")} 9 ${"b".repeat(12)} x=1 z=2`,
      `link moby ${digest("1")} - ${"1".repeat(12)}`,
      `whiteouts moby larder-whiteouts-3 ${digest("1")} ${"2".repeat(12)}`,
      `link moby ${digest("3")} larder-whiteouts-3 ${"2".repeat(12)}`,
      "",
    ]);
  });

  it("links a snapshot to its layer's files, and gives whiteouts a directory of their own", () => {
    const [first, whiteouts] = model.snapshots.map(snapshotEntries);
    const tree = "root/io.containerd.snapshotter.v1.overlayfs/snapshots";
    const key = shortName(digest("1"));
    assert.deepEqual(first, [
      { kind: "directory", path: `${tree}/1`, mode: 0o700 },
      { kind: "link", path: `${tree}/1/fs`, target: `/usr/lib/larder/catalog/containerd/layers/${key}` },
      { kind: "link", path: `layers/${key}`, target: `../../../layers/${"1".repeat(64)}/fs` },
    ]);
    assert.deepEqual(
      whiteouts?.map(({ path }) => path),
      [`${tree}/2`, `${tree}/2/fs`, "whiteouts/2"],
    );
  });
});
