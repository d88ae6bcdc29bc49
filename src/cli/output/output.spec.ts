import assert from "node:assert/strict";
import { formatSize } from "./sizes.js";
import { formatTable } from "./table.js";

describe("formatSize", () => {
  const cases: [bytes: number | undefined, text: string][] = [
    [undefined, "-"],
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [31_414_326, "31.4 MB"],
    [999_499, "999 kB"],
    [999_600, "1 MB"],
    [1_234_567_890_123, "1.23 TB"],
    [12e18, "12000 PB"],
  ];
  for (const [bytes, text] of cases) it(`${bytes} is ${text}`, () => assert.equal(formatSize(bytes), text));
});

describe("formatTable", () => {
  it("has columns without lines, and no blanks at the end of a row", () => {
    const text = formatTable(
      ["NAME", "SIZE"],
      [
        ["a", "1 B"],
        ["longer", ""],
      ],
      ["left", "right"],
    );
    assert.equal(text, "NAME     SIZE\na         1 B\nlonger\n");
  });
});
