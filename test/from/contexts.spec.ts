import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertSame } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker } from "../harness/docker.js";
import { listImage } from "../harness/file-listing.js";
import { lab, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerConfig, registryConfig, withoutDigests, withoutTimes } from "./fixture.js";

const busybox = labImage("busybox:1");
const pushed = labImage("e2e/from-layout:1");
const tag = "e2e-from-contexts:1";
const inner = `FROM ${busybox}
RUN mkdir /d && echo one >/d/one && ln -s one /d/link && chmod 4755 /bin/busybox
RUN rm /d/one && echo two >/d/two && chown 12:34 /d/two
USER 12
CMD ["cat", "/d/two"]
`;

describe("PRELOAD --from= of a named context", () => {
  let folder: string;
  let container: SystemContainer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "larder-from-"));
    await build({ larder: false, dockerfile: inner, tag: pushed, args: ["--push"] });
    const layout = ["copy", "--src-tls-verify=false", `docker://${pushed}`, `oci:${folder}/layout:1`];
    await output(lab.skopeo, ["--insecure-policy", ...layout]);
    const bake = {
      target: {
        inner: { "dockerfile-inline": `FROM ${busybox}\nENTRYPOINT ["echo", "baked"]\n` },
        system: {
          "dockerfile-inline": `# syntax=${lab.frontend}
FROM ${lab.system}
PRELOAD --from=image example.com/image:1 example.com/image:2
PRELOAD --from=layout example.com/layout:1
PRELOAD --from=baked example.com/baked:1
`,
          contexts: {
            image: `docker-image://${busybox}`,
            layout: `oci-layout://${folder}/layout:1`,
            baked: "target:inner",
          },
          entitlements: ["network.host"],
          tags: [tag],
          output: ["type=docker"],
          attest: ["type=provenance,disabled=true"],
        },
      },
    };
    writeFileSync(join(folder, "bake.json"), JSON.stringify(bake));
    const allow = ["--allow", "network.host", "--allow", "fs=*"];
    await docker([
      "buildx",
      "bake",
      "--progress",
      "plain",
      ...allow,
      "-f",
      join(folder, "bake.json"),
      "system",
    ]);
    container = await SystemContainer.start(tag);
  });
  after(async () => {
    await cleanUp();
    rmSync(folder, { recursive: true });
  });

  const idOf = async (image: string): Promise<string> =>
    (await container.inner("image", "inspect", "--format", "{{.Id}}", image)).trim();
  const run = (image: string, ...command: string[]): Promise<string> =>
    container.inner("run", "--rm", "--network", "none", image, ...command);

  it("docker-image://: exactly this image, by each of its names", async () => {
    const { imageId } = await registryImage(busybox);
    for (const name of ["example.com/image:1", "example.com/image:2"])
      assert.equal(await idOf(name), imageId);
  });

  it("oci-layout://: an image with its config, its files and its number of layers", async () => {
    const [ours, theirs] = await Promise.all([
      innerConfig(container, "example.com/layout:1"),
      registryConfig(pushed),
    ]);
    assert.deepEqual(withoutTimes(withoutDigests(ours)), withoutTimes(withoutDigests(theirs)));
    const files = await listImage("example.com/layout:1", { inside: container });
    assertSame(files, await listImage(pushed));
    assert.equal(await run("example.com/layout:1"), "two\n");
  });

  it("target: of a bake file: the result of that target", async () => {
    assert.equal(await run("example.com/baked:1"), "baked\n");
    assert.deepEqual(
      (await innerConfig(container, "example.com/baked:1")).rootfs.diff_ids,
      (await registryImage(busybox)).diffIds,
    );
  });
});
