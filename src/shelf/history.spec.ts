import assert from "node:assert/strict";
import { parseHistoryEntry, readHistory } from "./history.js";

const [a, b] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);
const comment = "larder";

describe("PRELOAD's entries in the history", () => {
  const cases: [created_by: string, layer: ReturnType<typeof parseHistoryEntry>][] = [
    [
      `PRELOAD redis:7, layer 2 of 6, ${a}`,
      { kind: "files", diffIds: [a], origin: { image: "redis:7", position: 2, of: 6 } } as never,
    ],
    [`PRELOAD 2 small layers, ${a} ${b}`, { kind: "files", diffIds: [a, b] } as never],
    [`PRELOAD 1 small layer, ${a}`, { kind: "files", diffIds: [a] } as never],
    [
      `PRELOAD redis:7, blob of layer 1 of 6, ${a}`,
      { kind: "blobs", digests: [a], origin: { image: "redis:7", position: 1, of: 6 } } as never,
    ],
    [`PRELOAD 2 small blobs, ${a} ${b}`, { kind: "blobs", digests: [a, b] } as never],
    ["PRELOAD redis:7 postgres:17, catalog", { kind: "catalog", images: ["redis:7", "postgres:17"] }],
    ["PRELOAD redis:7", undefined],
    ["PRELOAD redis:7, layer 2 of 6, sha256:abc", undefined],
    [`PRELOAD redis:7, layer two of 6, ${a}`, undefined],
    [`RUN echo PRELOAD redis:7, layer 2 of 6, ${a}`, undefined],
  ];
  for (const [created_by, layer] of cases) {
    it(`${created_by.slice(0, 50)} is ${layer?.kind ?? "none of them"}`, () => {
      assert.deepEqual(parseHistoryEntry({ created_by, comment }), layer);
      assert.equal(parseHistoryEntry({ created_by }), undefined, "others may write such a line");
      assert.equal(parseHistoryEntry({ created_by, comment, empty_layer: true }), undefined);
    });
  }

  it("belong to the layers at their places, also if the lowest layers have no history", () => {
    const history = [
      { created_by: "RUN x" },
      { created_by: "ENV A=b", empty_layer: true },
      { created_by: "PRELOAD redis:7, catalog", comment },
      { created_by: "RUN y" },
    ];
    const indexes = (layers: number) => [
      ...readHistory({ history, rootfs: { diff_ids: Array(layers).fill(a) } }).keys(),
    ];
    assert.deepEqual(indexes(3), [1]);
    assert.deepEqual(indexes(5), [3]);
  });
});
