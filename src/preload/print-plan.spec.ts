import assert from "node:assert/strict";
import { fileAt } from "../../test/harness/fake-engine.js";
import { resultOf } from "../../test/harness/fake-graph.js";
import { layerOf } from "../../test/harness/fake-upstream.js";
import { runFrontend, sample } from "../../test/harness/run-frontend.js";

describe("LARDER_PLAN", function () {
  this.timeout(20_000);

  interface Plan {
    readonly target: string;
    readonly stages: readonly {
      readonly name: string;
      readonly base: string;
      readonly cuts: readonly string[];
    }[];
    readonly cuts: readonly {
      readonly lines: object;
      readonly images: readonly { readonly name: string; readonly layers: object; readonly from?: string }[];
      readonly steps: readonly string[];
    }[];
  }

  const options = { "build-arg:LARDER_PLAN": "1" };

  it("gives the plan in the place of the image, and runs none of the steps", async () => {
    const file =
      "FROM redis:7 AS app\nRUN make\nFROM app AS tools\nRUN tools\nFROM docker:29-dind AS system\nPRELOAD redis:7 \\\n postgres:17\n" +
      "PRELOAD --from=app example.com/app:1\nCOPY --from=tools /a /b\nRUN below\n";
    const { error, definitions, upstream } = await runFrontend(sample(file, { options }));
    assert.equal(error, undefined, error?.message);
    const [definition] = definitions.values();
    const result = definition && resultOf(definition);
    assert.ok(result);
    const bytes = fileAt(definition, result, "plan.json", {
      client: {},
      ofStep: () => ({}),
      blob: () => undefined,
    });
    const plan = JSON.parse(bytes?.toString() ?? "") as Plan;
    assert.equal(plan.target, "system");
    assert.deepEqual(
      plan.stages.map(({ name, base, cuts }) => [name, base, cuts]),
      [
        ["app", "redis:7", []],
        ["tools", "app", []],
        ["system", "docker:29-dind", ["larder-cut-1", "larder-cut-2"]],
      ],
    );
    const [first, second] = plan.cuts;
    assert.deepEqual(first?.lines, { start: 6, end: 7 });
    assert.deepEqual(first.steps, [
      "[larder] fetch redis:7",
      "[larder] fetch postgres:17",
      "[larder] stock 2 images (3 layers)",
    ]);
    assert.deepEqual(first.images[1]?.layers, [
      { diffId: layerOf("debian"), outerLayer: 0 },
      { diffId: layerOf("postgres"), outerLayer: 2 },
    ]);
    assert.equal(second?.images[0]?.from, "app");
    assert.deepEqual(upstream.ran, ["[internal] load build definition from Dockerfile"]);
  });

  it("has the errors that the build would have before its steps run", async () => {
    const { error } = await runFrontend(sample("FROM docker:29-dind\nPRELOAD nowhere:1\n", { options }));
    assert.match(error?.message ?? "", /^PRELOAD: image "nowhere:1": its registry does not have it/);
  });
});
