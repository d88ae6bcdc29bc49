import assert from "node:assert/strict";
import fc from "fast-check";
import { blobBudget, findCrowding, layerBudget, layerLimit } from "./layer-limit.js";
import { groupLayers, planOuterLayers } from "./layers.js";

const counts = (above: number, below = 0, present = 0) => ({ above, below, present });

describe("layerBudget", () => {
  const cases: [name: string, asked: number | undefined, number, number, number, boolean, files: number][] = [
    ["a small stage", undefined, 5, 0, 0, true, 64],
    ["what earlier PRELOADs brought counts", undefined, 30, 0, 24, true, 40],
    ["a stage of many layers, and blobs", undefined, 84, 0, 0, true, 26],
    ["a stage of many layers, no blobs", undefined, 84, 0, 0, false, 40],
    ["instructions below", undefined, 5, 79, 0, false, 40],
    ["LARDER_LAYERS", 10, 5, 0, 0, true, 10],
    ["LARDER_LAYERS past the limit", 120, 25, 0, 0, false, 99],
    ["no room at all", undefined, 125, 0, 0, true, 1],
    ["all used up", 4, 10, 0, 7, true, 1],
  ];
  for (const [name, asked, above, below, present, blobs, files] of cases) {
    it(name, () => {
      assert.equal(layerBudget(asked, { above, below, present }, blobs).files, files);
    });
  }

  it("keeps the image within the limit if there is room for one layer of each kind", () => {
    const asked = fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined });
    const number = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        asked,
        number,
        fc.integer({ min: 0, max: 22 }),
        fc.boolean(),
        (limit, above, below, keepsBlobs) => {
          const budget = layerBudget(limit, counts(above, below), keepsBlobs);
          const blobs = keepsBlobs ? blobBudget(budget, budget.files) : 0;
          const total = above + below + budget.files + blobs + 1;
          assert.ok(total <= layerLimit || above + below > layerLimit - 4, `${total}`);
        },
      ),
    );
  });
});

describe("findCrowding", () => {
  const diffIds = Array.from({ length: 97 }, (_, index) => `${index}`);
  const crowding = (asked: number | undefined, above: number) => {
    const budget = layerBudget(asked, counts(above), false);
    return findCrowding(budget, planOuterLayers(groupLayers(diffIds, new Map(), budget.files), []), 0);
  };

  it("says how many layers share one, and why", () => {
    const finding = crowding(undefined, 84);
    assert.equal(finding?.rule, "PreloadLayers");
    assert.match(
      finding?.detail ?? "",
      /^the smallest 58 layers of the images share one, .* 125 layers in all: the stage has 84 /,
    );
  });

  it("names the build argument if engines would accept more", () => {
    assert.match(
      crowding(undefined, 5)?.detail ?? "",
      /^the smallest 34 layers of the images share one, since 64 may have one of their own: --build-arg LARDER_LAYERS= /,
    );
  });

  it("says so if even that is too much", () => {
    assert.match(
      crowding(undefined, 130)?.detail ?? "",
      /^the image will have 132 layers, .* take 125: .*; join instructions/,
    );
  });

  it("is silent if the user wants that, or if each layer has its own", () => {
    assert.equal(crowding(20, 84), undefined);
    assert.equal(crowding(120, 5), undefined);
  });
});
