import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";
import { type InnerImages, innerImages } from "../sharing/images.js";

/** The steps of the direct way are cached by their layers alone. A step that runs prints its layer. */
describe("the unpack step of a layer", () => {
  let inner: InnerImages;
  before(async () => {
    inner = await innerImages();
  });
  after(cleanUp);

  const base = (version: string): string => `FROM ${labImage(`docker:${version}`)}\n`;
  const cacheonly = ["--output", "type=cacheonly"];

  async function unpacked(dockerfile: string, args: readonly string[] = []): Promise<string[]> {
    const log = await build({ dockerfile, via: "direct", args: [...cacheonly, ...args] });
    const printed = log.matchAll(/^#\d+ \d+\.\d+ unpacked layer (sha256:[0-9a-f]{64}) /gm);
    return [...printed].map(([, diffId = ""]) => diffId).sort();
  }

  it("runs once for a builder: two Dockerfiles, two bases and two images have it", async () => {
    const { python, nginx } = inner;
    const [common] = python.diffIds;
    assert.ok(common !== undefined && nginx.diffIds.includes(common));
    const first = await unpacked(`${base("28.5")}PRELOAD ${python.reference}\n`, ["--no-cache"]);
    assert.deepEqual(first, distinct(python));
    // Another base, another Dockerfile, and a further image: only what is new runs.
    const both = `${base("26.1")}RUN echo other\nPRELOAD ${nginx.reference} ${python.reference}\n`;
    const second = await unpacked(both);
    assert.deepEqual(
      second.filter((diffId) => python.diffIds.includes(diffId)),
      [],
    );
    assert.deepEqual(await unpacked(both), []);
  });

  it("has the same image again without the cache, on any day, digest for digest", async () => {
    const { odd, index } = inner;
    for (const [name, stage] of [
      ["docker", base("28.5")],
      ["docker29", `FROM ${labImage("docker:29.9")}\n`],
      ["containerd", `FROM ${labImage("containerd:2.1")}\n`],
    ] as const) {
      const dockerfile = `${stage}PRELOAD ${odd.reference} ${index.reference}\n`;
      const digests: string[] = [];
      for (const time of ["one", "two"]) {
        const tag = labImage(`e2e/again-${name}-${time}:1`);
        const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
        await build({ dockerfile, tag, via: "direct", args: ["--push", "--no-cache", ...epoch] });
        digests.push((await registryImage(tag)).digest);
      }
      assert.equal(digests[0], digests[1], name);
    }
  });
});

function distinct({ diffIds }: RegistryImage): string[] {
  return [...new Set(diffIds)].sort();
}
