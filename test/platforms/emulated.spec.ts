import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { emulateArm64 } from "../harness/emulator.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { imageIdOf, inner, pushTwoPlatforms } from "./two-platforms.js";

const tag = labImage("e2e/emulated:1");

describe("a system image for two platforms, one of them emulated", () => {
  let log = "";
  before(async function () {
    await emulateArm64(this);
    await pushTwoPlatforms();
    log = await build({
      dockerfile: `FROM ${labImage("docker:26.1")} AS system-amd64
FROM ${labImage("docker:26.1-arm64")} AS system-arm64
FROM system-$TARGETARCH
PRELOAD ${inner}
RUN uname -m >/machine
`,
      tag,
      args: ["--platform", "linux/amd64,linux/arm64", "--push"],
    });
  });
  after(cleanUp);

  const machines = [
    { architecture: "amd64", machine: "x86_64" },
    { architecture: "arm64", machine: "aarch64" },
  ];
  for (const { architecture, machine } of machines) {
    it(`has the inner image of each: ${architecture}`, async () => {
      assert.ok(log.includes(`[linux/${architecture} larder] describe 1 image`), log);
      const platform = ["--platform", `linux/${architecture}`];
      await docker(["pull", "--quiet", ...platform, tag]);
      const container = await SystemContainer.start(tag, { args: platform });
      assert.equal(await container.exec("cat", "/machine"), `${machine}\n`);
      assert.equal(
        await container.inner("image", "inspect", "--format", "{{.Id}} {{.Architecture}}", inner),
        `${await imageIdOf(architecture)} ${architecture}\n`,
      );
      const id = await container.inner("create", inner, "none");
      await container.inner("cp", `${id.trim()}:/architecture`, "/tmp/architecture");
      assert.equal(await container.exec("cat", "/tmp/architecture"), `${architecture}\n`);
    });
  }
});
