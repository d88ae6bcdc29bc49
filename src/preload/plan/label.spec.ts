import assert from "node:assert/strict";
import type { InnerImage } from "../../image/inner-image.js";
import { parseReference } from "../../image/reference.js";
import { extendLabel, preloadLabel, readLabel } from "./label.js";

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

function image(text: string, digit: string): InnerImage {
  return {
    reference: { ...parseReference(text), digest: digestOf(digit) },
    platform: { os: "linux", architecture: "arm", variant: "v7" },
    imageId: digestOf("f"),
    diffIds: ["sha256:1"],
  };
}

const entry = (reference: string, digit: string) => ({
  reference,
  digest: digestOf(digit),
  platform: "linux/arm/v7",
  layers: ["sha256:1"],
});

describe("label", () => {
  it("holds references and digests as JSON", () => {
    const text = extendLabel([], [image("redis:7", "1"), image(`ghcr.io/a@${digestOf("2")}`, "2")]);
    const expected = [entry("redis:7", "1"), entry(`ghcr.io/a@${digestOf("2")}`, "2")];
    assert.deepEqual(JSON.parse(text), expected);
    assert.deepEqual(readLabel({ config: { Labels: { [preloadLabel]: text } } }), expected);
  });

  it("is extended; the same reference stands for the newer image", () => {
    const present = [entry("redis:7", "1"), entry("nginx:latest", "2")];
    assert.deepEqual(JSON.parse(extendLabel(present, [image("redis:7", "3")])), [
      entry("nginx:latest", "2"),
      entry("redis:7", "3"),
    ]);
  });

  it("is empty where there is none", () => {
    assert.deepEqual(readLabel({}), []);
  });
});
