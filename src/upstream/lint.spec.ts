import assert from "node:assert/strict";
import { readCheckOptions, violation } from "./lint.js";

describe("readCheckOptions", () => {
  const cases: [text: string, argument: string | undefined, skipped: string[], isStrict: boolean][] = [
    ["FROM a", undefined, [], false],
    ["# check=skip=A,B\nFROM a", undefined, ["A", "B"], false],
    ["#check = skip = A ; error = true\nFROM a", undefined, ["A"], true],
    ["# syntax=x\n# CHECK=error=1\nFROM a", undefined, [], true],
    ["# check=skip=all\nFROM a", undefined, ["A", "B", "C"], false],
    ["# a comment\n# check=skip=A\nFROM a", undefined, [], false],
    ["\n# check=skip=A\nFROM a", undefined, [], false],
    ["FROM a\n# check=skip=A", undefined, [], false],
    ["# check=skip=A\nFROM a", "error=true", [], true],
    ["# check=error=true\nFROM a", "skip=C", ["C"], false],
    ["# check=error=false\nFROM a", undefined, [], false],
  ];
  for (const [text, argument, skipped, isStrict] of cases) {
    it(`${JSON.stringify(text)}${argument === undefined ? "" : `, ${argument}`}`, () => {
      const options = readCheckOptions(text, argument);
      assert.deepEqual(["A", "B", "C"].filter(options.skips), skipped);
      assert.equal(options.isStrict, isStrict);
    });
  }

  it("says each violated rule once", () => {
    const warnings = ["B", "A", "B"].map((ruleName) => ({ ruleName }));
    assert.equal(violation(warnings).message, "lint violation found for rules: B, A");
  });
});
