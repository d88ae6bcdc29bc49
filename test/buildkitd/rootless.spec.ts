import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { inner } from "./fixture.js";

/** A buildkitd that an ordinary user runs. */
describe("a rootless buildkitd", () => {
  let env: Readonly<Record<string, string>>;

  before(async () => {
    const program = fileURLToPath(new URL("../../lab/buildkitd.sh", import.meta.url));
    env = { BUILDX_BUILDER: (await output(program, ["start-rootless"])).trim() };
  });
  after(cleanUp);

  it("gives the layers that any other builder gives", async () => {
    const dockerfile = `FROM ${labImage("docker:28.5")}\nPRELOAD ${inner.join(" ")}\n`;
    const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
    const images = [];
    for (const [name, options] of [
      ["rootless", { env }],
      ["root", {}],
    ] as const) {
      const tag = labImage(`e2e/buildkitd-${name}:1`);
      await build({ dockerfile, tag, args: ["--push", "--no-cache", ...epoch], ...options });
      images.push(await registryImage(tag));
    }
    assert.deepEqual(images[0]?.diffIds, images[1]?.diffIds);
    assert.equal(images[0]?.digest, images[1]?.digest);
  });
});
