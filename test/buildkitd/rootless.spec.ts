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

  it("gives the image that other builders give, without a flag", async () => {
    const dockerfile = `FROM ${labImage("docker:28.5")}\nPRELOAD ${inner.join(" ")}\n`;
    const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
    const images = [];
    for (const [name, options] of [
      ["rootless", { env }],
      ["root", {}],
      ["docker", { env: { BUILDX_BUILDER: "default" } }],
    ] as const) {
      const tag = labImage(`e2e/buildkitd-${name}:1`);
      await build({ dockerfile, tag, args: ["--push", "--no-cache", ...epoch], ...options });
      images.push(await registryImage(tag));
    }
    const [rootless, root, engine] = images;
    assert.equal(rootless?.digest, root?.digest);
    // Docker's BuildKit is another version, which may compress in another way.
    assert.deepEqual(engine?.diffIds, root?.diffIds);
    assert.equal(engine?.imageId, root?.imageId);
  });
});
