import assert from "node:assert/strict";
import { digestOf, sha256 } from "../../image/digest.js";
import { formatDatabases } from "./databases.js";
import { type CatalogSnapshot, type ContainerdModel, emptyModel } from "./model.js";
import { readBolt } from "./testing.js";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const created = new Date("2024-05-06T07:08:09.250Z");
/** Go's binary form of that time. */
const time = Buffer.from("010000000eddca78d90ee6b280ffff", "hex").toString("latin1");
const times = { createdat: time, updatedat: time };
const usage = () => ({ bytes: 8192, inodes: 3 });

function snapshot(id: number, name: string, parent: string | null, more: Partial<CatalogSnapshot> = {}) {
  return {
    namespace: "moby",
    id,
    name,
    parent,
    holds: "layer",
    diffId: digest("d"),
    xattrs: false,
    ...more,
  } as const;
}

const model: ContainerdModel = {
  version: 1,
  images: [
    {
      namespace: "moby",
      name: "docker.io/library/redis:7",
      labels: { l: "1", none: "" },
      target: { mediaType: "m", digest: digest("a"), size: 70 },
      chainId: "top",
      metadata: [digest("a")],
    },
  ],
  snapshots: [
    snapshot(1, "bottom", null),
    snapshot(2, "hidden", "bottom", { holds: "whiteouts" }),
    snapshot(3, "top", "hidden"),
    snapshot(300, "bottom", null, { namespace: "k8s.io" }),
  ],
  blobs: [{ namespace: "moby", digest: digest("a"), size: 70, labels: { x: "y" }, holds: "metadata" }],
};

describe("the databases of containerd", () => {
  it("name images, blobs and snapshots in their namespaces", () => {
    assert.deepEqual(readBolt(formatDatabases(model, usage, created)["meta.db"]), {
      v1: {
        version: "\x06",
        moby: {
          images: {
            "docker.io/library/redis:7": {
              ...times,
              labels: { l: "1" },
              target: { digest: digest("a"), mediatype: "m", size: "\x8c\x01" },
            },
          },
          content: { blob: { [digest("a")]: { ...times, size: "\x8c\x01", labels: { x: "y" } } } },
          snapshots: {
            overlayfs: {
              "": 6,
              bottom: { ...times, name: "moby/2/bottom", children: { hidden: "" } },
              hidden: { ...times, name: "moby/4/hidden", parent: "bottom", children: { top: "" } },
              top: { ...times, name: "moby/6/top", parent: "hidden" },
            },
          },
        },
        "k8s.io": { snapshots: { overlayfs: { "": 2, bottom: { ...times, name: "k8s.io/2/bottom" } } } },
      },
    });
  });

  it("give the snapshotter numbers, sizes and parents", () => {
    const layer = { ...times, kind: "\x03", inodes: "\x06", size: "\x80\x80\x01" };
    const empty = { ...times, kind: "\x03", inodes: "\x02", size: "\x80\x40" };
    assert.deepEqual(readBolt(formatDatabases(model, usage, created)["metadata.db"]), {
      v1: {
        snapshots: {
          "": 300,
          "moby/2/bottom": { ...layer, id: "\x01" },
          "moby/4/hidden": { ...empty, id: "\x02", parent: "moby/2/bottom" },
          "moby/6/top": { ...layer, id: "\x03", parent: "moby/4/hidden" },
          "k8s.io/2/bottom": { ...layer, id: "\xac\x02" },
        },
        parents: { "\x01\0\x02": "moby/4/hidden", "\x02\0\x03": "moby/6/top" },
      },
    });
  });

  it("have the same bytes for the same model", () => {
    const { "meta.db": meta, "metadata.db": metadata } = formatDatabases(model, usage, created);
    assert.deepEqual(
      [sha256(meta), sha256(metadata)],
      [
        "dc923a78c8ef654cfcf3c2ba5d3f5f735e2191618c373c8eb04d55045bdf3fd5",
        "33c8b0fc8ee8e0ba46c93590326d28a73c108e13b3523881aaafb53acdb791ea",
      ],
    );
    assert.deepEqual(formatDatabases({ ...model, blobs: [...model.blobs] }, usage, created)["meta.db"], meta);
  });

  it("of an empty model have the schema alone", () => {
    const files = formatDatabases(emptyModel, usage, created);
    assert.deepEqual(readBolt(files["meta.db"]), { v1: { version: "\x06" } });
    assert.deepEqual(readBolt(files["metadata.db"]), {});
  });

  it("have no snapshot without its parent", () => {
    const orphan = { ...model, snapshots: [snapshot(1, "a", "gone")] };
    assert.throws(() => formatDatabases(orphan, usage, created), /no parent gone/);
  });

  it("hold hundreds of images with deep chains", () => {
    const name = (index: number): string => digestOf(Buffer.from(`snapshot ${index}`));
    const snapshots = Array.from({ length: 5_000 }, (_, index) =>
      snapshot(index + 1, name(index), index % 480 === 0 ? null : name(index - 1)),
    );
    const tree = readBolt(formatDatabases({ ...model, snapshots }, usage, created)["metadata.db"]);
    const { snapshots: all, parents } = tree.v1 as Record<string, object>;
    assert.deepEqual([Object.keys(all ?? {}).length, Object.keys(parents ?? {}).length], [5_001, 4_989]);
  });
});
