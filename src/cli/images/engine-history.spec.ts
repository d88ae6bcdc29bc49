import assert from "node:assert/strict";
import { readEngineHistory } from "./engine-history.js";

const entry = (CreatedBy: string, Size = 0, Comment = "buildkit.dockerfile.v0") => ({
  CreatedBy,
  Size,
  Comment,
});
/** As an engine gives them, newest first. */
const entries = [
  entry("PRELOAD a:1, catalog", 0, "larder"),
  entry('CMD ["sh"]'),
  entry("WORKDIR /data"),
  entry("/bin/sh -c #(nop)  ENV A=b", 0, ""),
  entry("/bin/sh -c true", 0, ""),
  entry("", 70, "Imported from -"),
];

describe("the history that an engine tells", () => {
  it("is that of a config: entries of no size are told apart by their instructions", () => {
    const { history = [], sizes } = readEngineHistory(entries, 4) ?? {};
    assert.deepEqual(sizes, [70, 0, 0, 0]);
    assert.deepEqual(
      history.map(({ created_by, empty_layer }) => [created_by, empty_layer ?? false]),
      [
        ["", false],
        ["/bin/sh -c true", false],
        ["/bin/sh -c #(nop)  ENV A=b", true],
        ["WORKDIR /data", false],
        ['CMD ["sh"]', true],
        ["PRELOAD a:1, catalog", false],
      ],
    );
  });

  it("is not guessed if it does not fit the layers", () => {
    assert.equal(readEngineHistory(entries, 3), undefined);
    assert.equal(readEngineHistory(entries, 5), undefined);
  });
});
