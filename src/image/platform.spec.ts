import assert from "node:assert/strict";
import { formatPlatform, messagePlatform, ownArchitecture, parsePlatform } from "./platform.js";

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
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v2", "linux/amd64/v2"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux", `linux/${ownArchitecture()}`],
    ["windows(1.2.3)/amd64", "windows(1.2.3)/amd64"],
    ["Windows(10.0.17763+win32k+gpu)/AMD64", "windows(10.0.17763+win32k+gpu)/amd64"],
    ["windows(+win32k)/amd64", "windows(+win32k)/amd64"],
    ["windows(1%2B2)/amd64", "windows(1%2B2)/amd64"],
    ["windows(%c3%a4)/amd64", "windows(%C3%A4)/amd64"],
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
    "amd",
    "linux(1/amd64",
    "linux(%FF)/amd64",
    "linux(1%2)/amd64",
    "linux()x/amd64",
    "(1.2)/amd64",
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

describe("a platform with a version of its operating system", () => {
  const platform = parsePlatform("windows(10.0.17763+win32k)/amd64");

  it("is named as OCI names it", () => {
    assert.deepEqual(platform, {
      os: "windows",
      "os.version": "10.0.17763",
      "os.features": ["win32k"],
      architecture: "amd64",
    });
  });

  it("is the same in BuildKit's messages", () => {
    assert.deepEqual(messagePlatform(platform), {
      OS: "windows",
      Architecture: "amd64",
      Variant: "",
      OSVersion: "10.0.17763",
      OSFeatures: ["win32k"],
    });
  });
});
