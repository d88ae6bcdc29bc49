import assert from "node:assert/strict";
import { checkLabel, formatLabel, preloadLabel } from "./label.js";

const withLabel = (text: string) => ({ config: { Labels: { [preloadLabel]: text } } });

describe("label", () => {
  it("is far below containerd's limit, with any number of layers", () => {
    assert.equal(formatLabel(100_000), '{"version":2,"layers":100000}');
  });

  it("is accepted if this Larder or an earlier one wrote it, or if there is none", () => {
    const earlier =
      '[{"reference":"redis:7","digest":"sha256:1","platform":"linux/amd64","layers":["sha256:2"]}]';
    for (const text of [formatLabel(3), earlier, ""]) checkLabel(withLabel(text));
    checkLabel({});
  });

  it("of a later Larder is refused, and the error gives the way out", () => {
    assert.throws(
      () => checkLabel(withLabel('{"version":3,"layers":1}')),
      /later Larder .* version 3, .* knows 2\)/,
    );
  });

  const foreign = ["{", "7", "null", '"x"', "{}", '{"version":1}', '{"version":"2"}', `x${"y".repeat(99)}`];
  for (const text of foreign) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => checkLabel(withLabel(text)),
        /the label io\.larder\.preload of the stage is none of Larder's/,
      );
    });
  }
});
