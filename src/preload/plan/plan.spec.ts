import assert from "node:assert/strict";
import fc from "fast-check";
import { parseReference } from "../../image/reference.js";
import { planFetched } from "./images.js";
import { groupLayers, newLayers, stockStepName } from "./layers.js";
import type { PlannedImage } from "./plan.js";
import { innerImage, plannedImage, repeatedDigest, samplePlan } from "./testing.js";

const digest = repeatedDigest("0");

function wayOf({ origin }: PlannedImage) {
  assert.ok(origin.kind === "registry");
  return { network: origin.network, insecure: origin.insecure };
}

describe("planFetched", () => {
  const sites = new Set(["10.0.0.1:5000"]);
  const cases: [text: string, name: string, network: string, insecure: boolean][] = [
    ["redis:7", "redis:7", "default", false],
    ["10.0.0.1:5000/redis", "10.0.0.1:5000/redis:latest", "default", true],
    ["10.0.0.1/redis", "10.0.0.1/redis:latest", "default", false],
    ["localhost:5000/redis:7", "localhost:5000/redis:7", "host", true],
    [`redis:7@${digest}`, "redis:7", "default", false],
    [`redis@${digest}`, `redis@${digest}`, "default", false],
  ];
  for (const [text, name, network, insecure] of cases) {
    it(text, () => {
      const image = plannedImage(text, [], undefined, sites);
      assert.equal(image.name, name);
      assert.deepEqual(wayOf(image), { network, insecure });
      assert.equal(image.step, `[larder] fetch ${name}`);
    });
  }

  it("takes the network that the directive names", () => {
    assert.equal(wayOf(plannedImage("localhost/a", [], "none")).network, "none");
    assert.equal(wayOf(plannedImage("redis", [], "host")).network, "host");
  });

  it("keeps the origin of an image that gets another name", () => {
    const image = planFetched(innerImage("r.io/a:1"), parseReference("b:2"), undefined, sites, {
      lines: { start: 2, end: 2 },
    });
    assert.equal(image.name, "b:2");
    assert.deepEqual(image.reference, { ...parseReference("b:2"), digest });
    assert.deepEqual(image.origin, {
      kind: "registry",
      reference: { ...parseReference("r.io/a:1"), digest },
      network: "default",
      insecure: false,
    });
  });
});

describe("newLayers", () => {
  it("are the distinct layers in the order of the images, without those already there", () => {
    const images = [innerImage("a", ["1", "2", "3"]), innerImage("b", ["1", "4", "2"])];
    assert.deepEqual(newLayers(images, new Set(["3"])), ["1", "2", "4"]);
    assert.deepEqual(newLayers(images, new Set(["1", "2", "3", "4"])), []);
  });
});

describe("groupLayers", () => {
  const sizes = new Map([
    ["a", 5],
    ["b", 9],
    ["c", 1],
    ["d", 5],
    ["e", 7],
  ]);

  it("gives each layer its own within the budget, without asking for sizes", () => {
    assert.deepEqual(groupLayers(["b", "a"], new Map(), 2), [["b"], ["a"]]);
    assert.deepEqual(groupLayers([], new Map(), 1), []);
  });

  it("puts the smallest ones together beyond it; of equal ones, the later by name", () => {
    assert.deepEqual(groupLayers(["a", "b", "c", "d", "e"], sizes, 4), [["a"], ["b"], ["e"], ["c", "d"]]);
    assert.deepEqual(groupLayers(["a", "b", "c", "d", "e"], sizes, 1), [["a", "b", "c", "d", "e"]]);
  });

  const layers = fc.uniqueArray(fc.integer({ min: 0, max: 99 }).map(String), { maxLength: 30 });
  const order = layers.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );

  it("keeps every layer once, never exceeds the budget, and depends on the set alone", () => {
    const budget = fc.integer({ min: 1, max: 12 });
    const largest = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(order, budget, largest, ([list, shuffled], count, max) => {
        const weights = new Map(list.map((diffId) => [diffId, Number(diffId) % max]));
        const groups = groupLayers(list, weights, count);
        assert.ok(groups.length <= count);
        assert.deepEqual(groups.flat().sort(), [...list].sort());
        const asSet = (some: string[][]) => some.map((group) => group.join(" ")).sort();
        assert.deepEqual(asSet(groupLayers(shuffled, weights, count)), asSet(groups));
      }),
    );
  });
});

describe("step names", () => {
  const plan = samplePlan(["1", "2", "3", "4"]);

  it("count images and layers", () => {
    assert.equal(stockStepName(plan), "[larder] stock 2 images (4 layers)");
    const small = { ...plan, images: plan.images.slice(0, 1), outerLayers: plan.outerLayers.slice(0, 1) };
    assert.equal(stockStepName(small), "[larder] stock 1 image (1 layer)");
    assert.equal(stockStepName({ ...small, outerLayers: [] }), "[larder] stock 1 image (0 layers)");
  });
});
