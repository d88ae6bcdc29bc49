import assert from "node:assert/strict";
import { formatPlatform, parsePlatform } from "./platform.js";

describe("parsePlatform", () => {
  const valid: [text: string, formatted: string][] = [
    ["linux/amd64", "linux/amd64"],
    ["Linux/x86_64", "linux/amd64"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/arm/v7", "linux/arm/v7"],
    ["windows/amd64", "windows/amd64"],
    ["arm64", "linux/arm64"],
    ["x86_64", "linux/amd64"],
  ];
  for (const [text, formatted] of valid) {
    it(`${text} is ${formatted}`, () => {
      const platform = parsePlatform(text);
      assert.equal(formatPlatform(platform), formatted);
      assert.deepEqual(parsePlatform(formatted), platform);
    });
  }

  for (const text of [
    "",
    "linux",
    "amd",
    "linux/",
    "/amd64",
    "linux/amd64/v1/x",
    "linux/amd 64",
    "linux//v7",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePlatform(text), { message: /not a platform; write os\/architecture/ });
    });
  }
});
