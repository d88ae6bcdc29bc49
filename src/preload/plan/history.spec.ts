import assert from "node:assert/strict";
import { parseReference } from "../../image/reference.js";
import { claimedLayers, planHistory } from "./history.js";
import { type PlannedImage, type PreloadPlan, planBlobLayers, planFetched, planOuterLayers } from "./plan.js";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

function planned(text: string, diffIds: readonly string[]): PlannedImage {
  const reference = { ...parseReference(text), digest: digest("0") };
  const platform = { os: "linux", architecture: "amd64" };
  const image = { reference, platform, imageId: digest("0"), diffIds };
  return planFetched(image, parseReference(text), undefined, new Set(), { lines: { start: 2, end: 2 } });
}

const [one, two, three, four] = [digest("1"), digest("2"), digest("3"), digest("4")] as const;

describe("history", () => {
  const images = [planned("redis:7", [one, two]), planned("postgres", [one, three, four])];
  const plan: PreloadPlan = {
    lines: { start: 1, end: 1 },
    stage: "stage-0",
    context: "larder-cut-1",
    security: "insecure",
    assembly: "merge",
    target: {},
    images,
    outerLayers: planOuterLayers([[one], [two], [three, four]], images),
  };

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
  const blobLayers = planBlobLayers(blobs, images, 2);

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

  it("of others is not read, nor what is none of ours in form", () => {
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
