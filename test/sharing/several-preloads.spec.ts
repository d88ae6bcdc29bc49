import assert from "node:assert/strict";
import { type EngineName, engineNames, lab, labImage } from "../harness/lab.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { type InnerImages, innerImages, references } from "./images.js";
import {
  assertHolds,
  diffIdsOf,
  holderOf,
  innerLayers,
  pushSystem,
  type SystemImage,
} from "./outer-layers.js";

/** Asserts that the inner Docker has these images and no others, and can run them. */
async function assertRuns(
  system: SystemImage,
  engine: EngineName,
  images: readonly RegistryImage[],
): Promise<void> {
  const container = await SystemContainer.start(`${system.reference}@${system.digest}`, { engine });
  try {
    const listed = await container.inner(
      "image",
      "ls",
      "--no-trunc",
      "--format",
      "{{.Repository}}:{{.Tag}} {{.ID}}",
    );
    const expected = images.map(({ reference, imageId }) => `${reference} ${imageId}`);
    assert.deepEqual(listed.trim().split("\n").sort(), expected.sort());
    for (const { reference } of images) {
      const run = ["run", "--rm", "--network", "none", "--user", "0", reference];
      assert.equal(await container.inner(...run, "cat", "/proc/self/comm"), "cat\n", reference);
    }
  } finally {
    await container.remove();
  }
}

describe("sharing: several PRELOADs", () => {
  let inner: InnerImages;
  before(async () => {
    inner = await innerImages();
  });

  for (const engine of engineNames) {
    it(`a second PRELOAD in the stage adds only missing layers (${engine})`, async () => {
      const { python, nginx, busybox } = inner;
      const dockerfile = `
FROM ${lab.system}
PRELOAD ${python.reference}
RUN echo between >/between
PRELOAD ${nginx.reference} ${busybox.reference}
PRELOAD ${python.reference}
`;
      const system = await pushSystem({ name: `twice-${engine}`, engine, dockerfile });
      assertHolds(system, [python, nginx, busybox]);
      assert.equal(system.catalogs.length, 3, "a catalog for each PRELOAD");
      await assertRuns(system, engine, [python, nginx, busybox]);
    });

    it(`an image FROM a preloaded image adds only missing layers (${engine})`, async () => {
      const { python, nginx, busybox } = inner;
      const base = await pushSystem({ name: `base-${engine}`, engine, preload: references(python) });
      const preload = references(nginx, busybox);
      const from = { base: `${base.reference}@${base.digest}`, preload };
      const system = await pushSystem({ name: `from-${engine}`, engine, ...from });
      assert.deepEqual(
        system.diffIds.slice(0, base.diffIds.length),
        base.diffIds,
        "the base is kept as it is",
      );
      assert.equal(system.shelf.length - base.shelf.length, 3, "two layers and a catalog are new");
      assertHolds(system, [python, nginx, busybox]);
      await assertRuns(system, engine, [python, nginx, busybox]);
    });

    it(`more inner layers than outer ones are allowed: the smallest share the last (${engine})`, async () => {
      const { python, nginx, busybox } = inner;
      const build = { engine, preload: references(busybox, python, nginx) };
      const system = await pushSystem({
        name: `budget-${engine}`,
        ...build,
        args: ["--build-arg", "LARDER_LAYERS=3"],
      });
      assertHolds(system, [busybox, python, nginx]);
      assert.deepEqual(
        system.shelf.map((layer) => innerLayers(layer).length),
        [1, 1, 2, 0],
        "two alone, the others together, and the catalog",
      );
      assert.deepEqual(
        innerLayers(system.shelf[2] ?? assert.fail()).sort(),
        smallest([busybox, python, nginx], 2),
        "it is the smallest that share",
      );
      await assertRuns(system, engine, [busybox, python, nginx]);
    });
  }

  it("the set of layers alone determines which of them share one, and all outer layers", async () => {
    const { python, nginx, busybox } = inner;
    const args = ["--build-arg", "LARDER_LAYERS=3"];
    const one = await pushSystem({ name: "budget-one", preload: references(busybox, python, nginx), args });
    const base = labImage("docker:20.10");
    const other = await pushSystem({
      name: "budget-other",
      base,
      preload: references(nginx, busybox, python),
      args,
    });
    assert.deepEqual(diffIdsOf(other), diffIdsOf(one));
    const free = await pushSystem({ name: "no-budget", preload: references(busybox, python, nginx) });
    for (const layer of one.shelf.slice(0, 2)) {
      const [diffId = ""] = innerLayers(layer);
      assert.equal(layer.diffId, holderOf(free, diffId).diffId, "a layer that is alone is the usual one");
    }
  });
});

/** Sorted diffIDs of the distinct layers with the smallest compressed sizes. */
function smallest(images: readonly RegistryImage[], count: number): string[] {
  const sizes = new Map(
    images.flatMap(({ diffIds, sizes }) => diffIds.map((id, index) => [id, sizes[index] ?? 0])),
  );
  return [...sizes]
    .sort(([, a], [, b]) => a - b)
    .slice(0, count)
    .map(([diffId]) => diffId)
    .sort();
}
