import { describeSystemImage, type SystemImage } from "../../../src/cli/report/system-image.js";
import { fakeDigest, fakeOuter, fakeShelved, filesOf } from "../../../src/cli/report/testing.js";

const base = { word: "base", compressed: 32_750_038 };
const docker = { word: "docker", compressed: 104_502_063 };
const debian = { word: "debian", history: filesOf("redis:7", 1, 2, "debian"), compressed: 31_414_326 };
const redis = { word: "redis", history: filesOf("redis:7", 2, 2, "redis"), compressed: 3_624_860 };
const blob = {
  word: "blob",
  history: `PRELOAD redis:7, blob of layer 2 of 2, ${fakeDigest("a blob")}`,
  compressed: 3_600_000,
};
const python = { word: "python", history: filesOf("python:3", 2, 2, "python"), compressed: 12_213_591 };
const catalog = (word: string, names: string) => ({
  word,
  history: `PRELOAD ${names}, catalog`,
  compressed: 317_980,
});

/** Two system images with every kind of layer, and layers in common. */
export const pageImages: readonly SystemImage[] = [
  describeSystemImage(
    fakeOuter("registry.example.com:5000/a-team/system-image-with-a-long-name:1", "registry", [
      base,
      docker,
      debian,
      redis,
      python,
      blob,
      catalog("first", "redis:7 python:3"),
    ]),
    {
      images: [fakeShelved("python:3", ["debian", "python"]), fakeShelved("redis:7", ["debian", "redis"])],
      sizes: new Map(),
    },
  ),
  describeSystemImage(
    fakeOuter("registry.example.com:5000/a-team/system-image-with-a-long-name:2", "registry", [
      base,
      docker,
      debian,
      redis,
      catalog("second", "redis:7"),
    ]),
    { images: [fakeShelved("redis:7", ["debian", "redis"])], sizes: new Map() },
  ),
];
