import assert from "node:assert/strict";
import { claimedLayers, planHistory } from "./history.js";
import { planBlobLayers } from "./layers.js";
import { repeatedDigest, samplePlan } from "./testing.js";

const layers = [repeatedDigest("1"), repeatedDigest("2"), repeatedDigest("3"), repeatedDigest("4")] as const;
const [one, two, three, four] = layers;

describe("history", () => {
  const plan = samplePlan(layers);

  it("says which layer of which image an outer layer is, and ends with the catalog", () => {
    const entries = planHistory(plan, []);
    assert.deepEqual(
      entries.map(({ created_by, comment }) => [created_by, comment]),
      [
        [`PRELOAD redis:7, layer 1 of 2, ${one}`, "larder"],
        [`PRELOAD redis:7, layer 2 of 2, ${two}`, "larder"],
        [`PRELOAD 2 small layers, ${three} ${four}`, "larder"],
        ["PRELOAD redis:7 postgres:latest, catalog", "larder"],
      ],
    );
    assert.ok(entries.every(({ empty_layer }) => empty_layer === undefined));
  });

  const blobs = [one, two, three].map((blob, position) => ({
    digest: blob,
    size: 10 - position,
    image: 1,
    position,
  }));
  const blobLayers = planBlobLayers(blobs, plan.images, 2);

  it("says which layer's blob an outer layer holds, and where several share one", () => {
    assert.deepEqual(
      planHistory({ ...plan, outerLayers: [] }, blobLayers).map(({ created_by }) => created_by),
      [
        `PRELOAD postgres:latest, blob of layer 1 of 3, ${one}`,
        `PRELOAD 2 small blobs, ${two} ${three}`,
        "PRELOAD redis:7 postgres:latest, catalog",
      ],
    );
  });

  it("is read by later builds: layers, and no blobs", () => {
    assert.deepEqual(claimedLayers({ history: planHistory(plan, blobLayers) }), [
      [one],
      [two],
      [three, four],
    ]);
  });

  it("is not read if others wrote it, or if it has not Larder's form", () => {
    const created_by = `PRELOAD redis:7, layer 1 of 2, ${one}`;
    const history = [
      { created_by },
      { created_by, comment: "buildkit.dockerfile.v0" },
      { created_by, comment: "larder", empty_layer: true },
      { created_by: `${created_by} x`, comment: "larder" },
      { created_by: "PRELOAD redis:7, layer 1 of 2, sha256:../../etc", comment: "larder" },
      { comment: "larder" },
    ];
    assert.deepEqual(claimedLayers({ history }), []);
    assert.deepEqual(claimedLayers({}), []);
  });
});
