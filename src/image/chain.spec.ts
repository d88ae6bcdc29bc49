import assert from "node:assert/strict";
import { chainOf } from "./chain.js";
import { hexOf } from "./digest.js";

describe("chainOf", () => {
  const a = `sha256:${"a".repeat(64)}`;
  const b = `sha256:${"b".repeat(64)}`;

  it("names the bottom layer by its diffID, and the next by both", () => {
    assert.deepEqual(chainOf([a, b]), [
      { chainId: a, diffId: a },
      {
        // printf 'sha256:aa... sha256:bb...' | sha256sum
        chainId: "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
        diffId: b,
        parent: a,
      },
    ]);
  });

  it("has nothing for an image without layers", () => {
    assert.deepEqual(chainOf([]), []);
  });

  it("refuses digests of another kind", () => {
    assert.throws(() => hexOf("sha512:00"), /"sha512:00" is not a sha256 digest/);
  });
});
