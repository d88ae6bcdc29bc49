import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { assertSentence, refusal } from "../errors/refused.js";
import { capable, type Entry, layerTar, pushLayers } from "../exact-files/hand-made.js";
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
    const layer = await layerTar([{ name: "capable", ...capable }]);
    const images = [...inner, (await pushLayers("rootless-capable", [layer])).reference];
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

  const stranger = { uid: 70_000, gid: 70_000 };
  const refused: Readonly<Record<string, readonly [readonly Entry[], RegExp]>> = {
    "a device": [
      [{ name: "null", type: "character-device", devmajor: 1, devminor: 3 }],
      /^its layer sha256:\w+ has the device null, which .* may not make: build with/,
    ],
    "the owner of a file": [
      [{ name: "file", ...stranger }],
      /^its layer sha256:\w+ has the file file of user 70000 and group 70000, whom .*: give it more IDs in \/etc\/subuid/,
    ],
    "the owner of a directory": [
      [{ name: "directory", type: "directory", ...stranger }],
      /^its layer sha256:\w+ has the file directory of user 70000 /,
    ],
    "the group of a symbolic link": [
      [{ name: "link", type: "symlink", linkname: "file", gid: 70_000 }],
      /^its layer sha256:\w+ has the file link of user 0 and group 70000, /,
    ],
    "the owner that a hard link gives its file": [
      [{ name: "file" }, { name: "link", type: "link", linkname: "file", ...stranger }],
      /^its layer sha256:\w+ has the file link of user 70000 /,
    ],
    "the owner of a file in a layer in which the order of entries matters": [
      [{ name: "a/file", ...stranger }, { name: "b", type: "symlink", linkname: "a" }, { name: "b/other" }],
      /^its layer sha256:\w+ has the file a\/file of user 70000 /,
    ],
  };
  for (const [what, [entries, words]] of Object.entries(refused)) {
    it(`refuses what its user namespace does not have: ${what}`, async () => {
      const name = `rootless-${what.replaceAll(" ", "-")}`;
      const { reference } = await pushLayers(name, [await layerTar(entries)]);
      const shows = `PRELOAD ${reference}`;
      const dockerfile = `FROM ${lab.system}\n${shows}\n`;
      assertSentence(await refusal({ dockerfile, shows, env }), reference, words);
    });
  }
});
