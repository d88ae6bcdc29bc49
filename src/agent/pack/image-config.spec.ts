import assert from "node:assert/strict";
import type { HistoryEntry, ImageConfig } from "../../image/config.js";
import { canonicalJson, imageConfig, reconcileHistory } from "./image-config.js";

const step = (created_by: string): HistoryEntry => ({ created_by });
const empty = (created_by: string): HistoryEntry => ({ created_by, empty_layer: true });
const lacking = { comment: "larder" };

describe("the history of a packed image", () => {
  const cases: { title: string; history: HistoryEntry[]; layers: number; expected: HistoryEntry[] }[] = [
    {
      title: "that fits",
      history: [step("a"), empty("b"), step("c")],
      layers: 2,
      expected: [step("a"), empty("b"), step("c")],
    },
    { title: "none", history: [], layers: 2, expected: [lacking, lacking] },
    {
      title: "too short",
      history: [step("a"), empty("b")],
      layers: 2,
      expected: [step("a"), empty("b"), lacking],
    },
    {
      title: "too long",
      history: [step("a"), step("b"), empty("c"), step("d")],
      layers: 1,
      expected: [step("a"), empty("b"), empty("c"), empty("d")],
    },
    { title: "of no layers", history: [step("a")], layers: 0, expected: [empty("a")] },
  ];
  for (const { title, history, layers, expected } of cases) {
    it(title, () => assert.deepEqual(reconcileHistory(history, layers), expected));
  }
});

describe("the config of a packed image", () => {
  const diffIds = [`sha256:${"1".repeat(64)}`];
  const platform = { os: "linux", architecture: "arm", variant: "v7" };

  it("has the layers and the time, and everything else from the stage", () => {
    const stage = {
      architecture: "arm",
      os: "linux",
      config: { Cmd: ["sh"], Labels: { a: "b" } },
      author: "somebody",
      rootfs: { type: "layers", diff_ids: ["sha256:other"] },
      history: [{ created: "2001-01-01T00:00:00Z", created_by: "a", empty_layer: true }, { created_by: "b" }],
    };
    assert.deepEqual(imageConfig(stage, { platform, diffIds, created: 1_000_000_000n }), {
      ...stage,
      variant: "v7",
      created: "2001-09-09T01:46:40Z",
      rootfs: { type: "layers", diff_ids: diffIds },
      history: [
        { created: "2001-01-01T00:00:00Z", created_by: "a", empty_layer: true },
        { created: "2001-09-09T01:46:40Z", created_by: "b" },
      ],
    });
  });

  it("has the time of the last step if no file gives one", () => {
    const history = [{ created: "2001-01-01T00:00:00.5Z" }, empty("CMD")];
    const created = (stage: ImageConfig) =>
      imageConfig(stage, { platform, diffIds, created: undefined }).created;
    assert.equal(created({ history }), "2001-01-01T00:00:00.5Z");
    assert.equal(created({}), "1970-01-01T00:00:00Z");
  });

  it("is the same JSON whatever the order of its keys", () => {
    const json = '{"a":[{"x":1,"y":null}],"b":{"c":"ü"}}';
    assert.equal(canonicalJson({ b: { c: "ü" }, a: [{ y: null, x: 1 }] }).toString("utf8"), json);
  });
});
