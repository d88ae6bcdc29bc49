import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertSentence, refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { lab } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { imageIdOf, inner, pushTwoPlatforms } from "./two-platforms.js";

const tag = `e2e-platforms:${process.pid}`;

describe("platforms", () => {
  before(pushTwoPlatforms);
  after(() => docker(["image", "rm", "--force", tag]));

  it("each have their own image, in a build for two", async () => {
    const folder = mkdtempSync(join(tmpdir(), "larder-platforms-"));
    try {
      // The system image runs on the builder's platform; its inner images are for the target's.
      await build({
        dockerfile: `FROM --platform=$BUILDPLATFORM ${lab.system} AS system
PRELOAD --platform=$TARGETPLATFORM ${inner}
RUN true
FROM scratch
COPY --from=system /usr/lib/larder/preload.json /
`,
        args: ["--platform", "linux/amd64,linux/arm64", "--output", `type=local,dest=${folder}`],
      });
      const preloaded = ["amd64", "arm64"].map((architecture) => {
        const text = readFileSync(join(folder, `linux_${architecture}`, "preload.json"), "utf8");
        const { images } = JSON.parse(text) as { images: { platform: unknown; imageId: string }[] };
        return images.map(({ platform, imageId }) => ({ platform, imageId }));
      });
      const wanted = await Promise.all(
        ["amd64", "arm64"].map(async (architecture) => [
          { platform: { os: "linux", architecture }, imageId: await imageIdOf(architecture) },
        ]),
      );
      assert.deepEqual(preloaded, wanted);
    } finally {
      rmSync(folder, { recursive: true });
    }
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
      await refusal({ dockerfile, shows: preload }),
      inner,
      /^the stage's container manager \/usr\/sbin\/dockerd is for linux\/arm64, which this builder cannot emulate: let it \(.*--install arm64\), or build on a builder of that platform$/,
    );
  });
});
