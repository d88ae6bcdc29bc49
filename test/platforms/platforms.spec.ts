import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { assertSentence, refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { imageIdOf, inner, pushTwoPlatforms } from "./two-platforms.js";

const tag = `e2e-platforms:${process.pid}`;

const architectures = ["amd64", "arm64"];

/**
 * Builds for both platforms. The stage `system` runs on the builder's platform; its inner images are for the target's.
 * @returns the images that each platform has in that stage.
 */
async function preloadedFor(system: string): Promise<PreloadedImage[][]> {
  const folder = mkdtempSync(join(tmpdir(), "larder-platforms-"));
  const platforms = architectures.map((architecture) => `linux/${architecture}`).join(",");
  try {
    await build({
      dockerfile: `${system}FROM scratch\nCOPY --from=system /usr/lib/larder/preload.json /\n`,
      args: ["--platform", platforms, "--output", `type=local,dest=${folder}`],
    });
    return architectures.map((architecture) => {
      const text = readFileSync(join(folder, `linux_${architecture}`, "preload.json"), "utf8");
      // Docker has two stores, and the images are listed for each.
      return (JSON.parse(text) as { images: PreloadedImage[] }).images.filter(
        ({ store }) => store === "overlay2",
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface PreloadedImage {
  readonly store: string;
  readonly platform: unknown;
  readonly imageId: string;
  readonly reference: { readonly path: string };
}

describe("platforms", () => {
  before(pushTwoPlatforms);
  after(() => docker(["image", "rm", "--force", tag]));

  it("each have their own image, in a build for two", async () => {
    const preloaded = await preloadedFor(`FROM --platform=$BUILDPLATFORM ${lab.system} AS system
PRELOAD --platform=$TARGETPLATFORM ${inner}
RUN true
`);
    const wanted = await Promise.all(
      architectures.map(async (architecture) => [
        { platform: { os: "linux", architecture }, imageId: await imageIdOf(architecture) },
      ]),
    );
    assert.deepEqual(
      preloaded.map((images) => images.map(({ platform, imageId }) => ({ platform, imageId }))),
      wanted,
    );
  });

  it("each fire the ONBUILD PRELOAD of their own base image", async () => {
    const named = (architecture: string): string => labImage(`e2e/platforms-base-${architecture}:1`);
    const push = ["--push"];
    await build({ dockerfile: `FROM ${lab.system}\n`, tag: named("amd64"), args: push });
    const fires = `FROM ${lab.system}\nONBUILD PRELOAD ${labImage("pause:3")}\n`;
    await build({ dockerfile: fires, tag: named("arm64"), args: push });
    const preloaded = await preloadedFor(`FROM --platform=$BUILDPLATFORM ${named("$TARGETARCH")} AS system
PRELOAD --platform=$TARGETPLATFORM ${inner}
`);
    const names = preloaded.map((images) => images.map(({ reference }) => basename(reference.path)));
    assert.deepEqual(names, [["two-platforms"], ["two-platforms", "pause"]]);
  });

  it("may differ for the inner image", async () => {
    await build({ dockerfile: `FROM ${lab.system}\nPRELOAD --platform=linux/arm64 ${inner}\n`, tag });
    const container = await SystemContainer.start(tag);
    const inspected = await container.inner(
      "image",
      "inspect",
      "--format",
      "{{.Id}} {{.Architecture}}",
      inner,
    );
    assert.equal(inspected.trim(), `${await imageIdOf("arm64")} arm64`);
  });

  it("that the builder cannot emulate are named", async () => {
    const preload = `PRELOAD ${inner}`;
    // The first bytes of a program for 64-bit ARM, which no other machine runs.
    const header = "\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\267\\000";
    const dockerfile = `FROM ${lab.system}\nRUN rm /usr/sbin/dockerd && printf '${header}%064d' 0 >/usr/sbin/dockerd && chmod +x /usr/sbin/dockerd\n${preload}\n`;
    assertSentence(
      await refusal({ dockerfile, shows: preload, via: "daemon" }),
      inner,
      /^the stage's container manager \/usr\/sbin\/dockerd is for linux\/arm64, which this builder cannot emulate: let it \(.*--install arm64\), or build on a builder of that platform$/,
    );
  });
});
