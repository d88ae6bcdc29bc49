import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { extract } from "tar-stream";
import { build } from "../harness/build.js";
import { output } from "../harness/command.js";
import { docker } from "../harness/docker.js";
import { engineNames, lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

const busybox = labImage("busybox:1");
const dockerfile = `FROM ${lab.system} AS preloaded
PRELOAD ${busybox}
FROM scratch
COPY --from=preloaded /usr/lib/larder /usr/lib/larder
CMD ["none"]
`;

for (const engine of engineNames) {
  describe(`outputs (${engine})`, () => {
    const tag = labImage(`e2e/options-outputs:${engine}`);
    let folder: string;
    let inner: RegistryImage;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "larder-outputs-"));
      inner = await registryImage(busybox);
      const outputs = [
        `type=local,dest=${folder}/local`,
        `type=tar,dest=${folder}/files.tar`,
        ...(engine === "containerd"
          ? [
              `type=oci,dest=${folder}/oci.tar,name=${tag}`,
              `type=docker,dest=${folder}/docker.tar,name=${tag}-loaded`,
              `type=image,name=${tag}`,
            ]
          : // Here, `docker` puts an image into the engine's own store, and there is no archive.
            [`type=docker,name=${tag}`]),
      ];
      // The graph driver's builder accepts one output at a time.
      const builds = engine === "containerd" ? [outputs] : outputs.map((one) => [one]);
      for (const wanted of builds)
        await build({ engine, dockerfile, args: wanted.flatMap((one) => ["--output", one]) });
    });
    after(() => rmSync(folder, { recursive: true }));

    /** The preloaded files are among these names. */
    function assertHolds(names: readonly string[]): void {
      const shelf = "usr/lib/larder";
      const layers = inner.diffIds.map((diffId) => `${shelf}/layers/${diffId.slice("sha256:".length)}/fs`);
      const plain = names.map((name) => name.replace(/^\.?\//, "").replace(/\/$/, ""));
      for (const name of [
        `${shelf}/preload.json`,
        `${shelf}/bin/attach`,
        ...layers.map((fs) => `${fs}/bin/busybox`),
      ])
        assert.ok(plain.includes(name), `${name} is not among ${plain.length} files`);
    }

    /** Asserts that the image of this name in the engine's store holds the preloaded files. */
    async function assertImageHolds(name: string): Promise<void> {
      const id = (await docker(["create", name], { engine })).trim();
      const copy = join(folder, "copy.tar");
      try {
        await docker(["export", "--output", copy, id], { engine });
      } finally {
        await docker(["rm", id], { engine });
      }
      assertHolds(await namesIn(createReadStream(copy)));
    }

    it("local: a folder", () => {
      assertHolds(readdirSync(join(folder, "local"), { recursive: true, encoding: "utf8" }));
    });

    it("tar: the files", async () => {
      assertHolds(await namesIn(createReadStream(join(folder, "files.tar"))));
    });

    it("image: in the engine's own store", () => assertImageHolds(tag));

    if (engine === "graph") return;

    it("oci: an archive", async () => {
      const inspect = ["inspect", "--config", "--raw", `oci-archive:${folder}/oci.tar`];
      const config = JSON.parse(await output(lab.skopeo, inspect));
      assert.deepEqual(config.config.Cmd, ["none"]);
      assert.equal(config.rootfs.diff_ids.length, 1);
    });

    it("docker: an archive to load", async () => {
      const loaded = await docker(["load", "--input", `${folder}/docker.tar`], { engine });
      assert.ok(loaded.includes(`${tag}-loaded`), loaded);
      await assertImageHolds(`${tag}-loaded`);
    });
  });
}

async function namesIn(archive: Readable): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of archive.pipe(extract())) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}
