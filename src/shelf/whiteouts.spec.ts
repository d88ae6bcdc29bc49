import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { byteString, formatWhiteouts, parseWhiteouts } from "./whiteouts.js";

describe("the file whiteouts", () => {
  const name = fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1 })
    .map((bytes) => String.fromCharCode(...bytes));

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(name), (paths) => assert.deepEqual(parseWhiteouts(formatWhiteouts(paths)), paths)),
    );
  });

  it("shows plain names as they are", () => {
    assert.equal(formatWhiteouts(["etc/a b", byteString("ä\n\\")]), "etc/a b\n\\0303\\0244\\0012\\0134\n");
  });

  it("is decoded by printf %b of a shell", () => {
    const paths = [...Array(255).keys()].map((code) => `a${String.fromCharCode(code + 1)}7`);
    const script = 'while IFS= read -r line; do printf "%b/" "$line"; done';
    const decoded = execFileSync("sh", ["-c", script], { input: formatWhiteouts(paths), encoding: "latin1" });
    assert.equal(decoded, paths.map((path) => `${path}/`).join(""));
  });
});
