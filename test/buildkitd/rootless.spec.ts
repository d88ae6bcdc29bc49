import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { assertSentence, refusal } from "../errors/refused.js";
import { type Entry, layerTar, pushLayers } from "../exact-files/hand-made.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";
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
    const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString();
    const capable = { name: "capable", pax: { "SCHILY.xattr.security.capability": capability } };
    const images = [...inner, (await pushLayers("rootless-capable", [await layerTar([capable])])).reference];
    const dockerfile = `FROM ${labImage("docker:28.5")}\nPRELOAD ${images.join(" ")}\n`;
    const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
    const built = [];
    for (const [name, options] of [
      ["rootless", { env }],
      ["root", {}],
      ["docker", { env: { BUILDX_BUILDER: "default" } }],
    ] as const) {
      const tag = labImage(`e2e/buildkitd-${name}:1`);
      await build({ dockerfile, tag, args: ["--push", "--no-cache", ...epoch], ...options });
      built.push(await registryImage(tag));
    }
    const [rootless, root, engine] = built;
    assert.equal(rootless?.digest, root?.digest);
    // Docker's BuildKit is another version, which may compress in another way.
    assert.deepEqual(engine?.diffIds, root?.diffIds);
    assert.equal(engine?.imageId, root?.imageId);
  });

  const refused: Readonly<Record<string, readonly [Entry, RegExp]>> = {
    device: [
      { name: "null", type: "character-device", devmajor: 1, devminor: 3 },
      /^its layer sha256:\w+ has the device null, which .* may not make: build with/,
    ],
    owner: [
      { name: "file", uid: 70_000, gid: 70_000 },
      /^its layer sha256:\w+ has the file file of user 70000 and group 70000, whom .*: give it more IDs in \/etc\/subuid/,
    ],
  };
  for (const [what, [entry, words]] of Object.entries(refused)) {
    it(`refuses what its user namespace does not have: ${what}`, async () => {
      const { reference } = await pushLayers(`rootless-${what}`, [await layerTar([entry])]);
      const shows = `PRELOAD ${reference}`;
      const dockerfile = `FROM ${lab.system}\n${shows}\n`;
      assertSentence(await refusal({ dockerfile, shows, env }), reference, words);
    });
  }
});
