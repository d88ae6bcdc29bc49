import assert from "node:assert/strict";
import { chainOf } from "../../image/chain.js";
import type { DiffId } from "../../image/digest.js";
import { lowersOf, withRealLayers } from "./lowers.js";
import { type CatalogLayer, type CatalogModel, emptyModel } from "./model.js";

const diffId = (number: number): DiffId => `sha256:${number.toString(16).padStart(64, "0")}`;
const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** An image with these layers. Each of them hides something, and its number is its size. */
function imageOf(
  layers: readonly number[],
  hasXattrs: (number: number) => boolean = () => false,
): CatalogModel {
  const chain = chainOf(layers.map(diffId));
  const entries = chain.map(({ chainId, diffId, parent }, index) => {
    const number = layers[index] ?? 0;
    const layer: CatalogLayer = {
      diffId,
      parent: parent ?? null,
      size: number,
      whiteouts: true,
      xattrs: hasXattrs(number),
    };
    return [chainId, layer] as const;
  });
  const top = chain.at(-1)?.chainId ?? null;
  return { ...emptyModel, layers: Object.fromEntries(entries), images: { [String(top)]: top } };
}

const both = (one: CatalogModel, two: CatalogModel): CatalogModel => ({
  ...one,
  layers: { ...one.layers, ...two.layers },
  images: { ...one.images, ...two.images },
});

const realOf = (model: CatalogModel, earlier = emptyModel): number[] =>
  Object.values(withRealLayers(model, earlier).layers)
    .flatMap(({ real, size }) => (real ? [size] : []))
    .sort((a, b) => a - b);

const deepest = (model: CatalogModel): number =>
  Math.max(...Object.values(model.images).map((top) => lowersOf(model, top ?? "").length + 2));

describe("real layers", () => {
  it("are none where all fit, with room for layers that a container builds", () => {
    // The bottom layer hides nothing: 60 layers are 59 + 59 directories below the top one, and two above.
    assert.deepEqual(realOf(imageOf(numbers(60))), []);
    assert.equal(deepest(imageOf(numbers(60))), 120);
  });

  it("are the smallest possible ones beyond that", () => {
    assert.deepEqual(realOf(imageOf(numbers(61))), [1, 2]);
    assert.equal(realOf(imageOf(numbers(100))).length, 80);
    assert.ok(deepest(withRealLayers(imageOf(numbers(100)), emptyModel)) <= 120);
  });

  it("take the room for further layers if necessary", () => {
    const deep = withRealLayers(imageOf(numbers(125)), emptyModel);
    assert.equal(deepest(deep), 126);
  });

  it("are preferably layers of several images", () => {
    const shared = numbers(61);
    const two = both(imageOf([...shared, 200]), imageOf([...shared, 201]));
    // Each image has four directories too many; a shared layer helps both.
    assert.deepEqual(realOf(two), [1, 2, 3, 4]);
  });

  it("are none with extended attributes, which not every cp copies", () => {
    const model = imageOf(numbers(62), (number) => number < 10);
    assert.deepEqual(realOf(model), [10, 11, 12, 13]);
    const none = imageOf(numbers(80), () => true);
    assert.throws(
      () => withRealLayers(none, emptyModel),
      /needs 160 directories in an overlay mount, and Docker allows 128/,
    );
  });

  it("stay real after a PRELOAD above, and more layers may become real", () => {
    const earlier = withRealLayers(imageOf(numbers(62)), emptyModel);
    assert.deepEqual(realOf(earlier), [1, 2, 3, 4]);
    assert.deepEqual(realOf(imageOf(numbers(62)), earlier), [1, 2, 3, 4]);
    assert.deepEqual(realOf(both(earlier, imageOf(numbers(63))), earlier), [1, 2, 3, 4, 5, 6]);
  });
});
