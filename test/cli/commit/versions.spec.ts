import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newVolume } from "../../attach/fixture.js";
import { cleanUp } from "../../harness/cleanup.js";
import { docker, tryDocker } from "../../harness/docker.js";
import { type DockerStore, type DockerVersion, dockerStage, needsDocker } from "../../harness/lab.js";
import { SystemContainer } from "../../harness/system-container.js";
import {
  buildInside,
  built,
  commit,
  innerImages,
  list,
  load,
  pull,
  registries,
  remains,
  type System,
  startEmpty,
} from "./systems.js";

const cases: readonly (readonly [DockerVersion, DockerStore])[] = [
  ["20.10", "overlay2"],
  ["29.9", "containerd"],
];

for (const [version, store] of cases) {
  describe(`larder commit, Docker ${version}: a data root on a named volume, an archive as the output`, () => {
    const system: System = {
      name: `docker-${version}`,
      daemon: "docker",
      base: dockerStage(version, store, registries),
    };
    const tag = `e2e-commit-archive-${version}:1`;
    const folder = mkdtempSync(join(tmpdir(), "larder-e2e-commit-"));
    const archive = join(folder, "system.tar");
    let original: SystemContainer;

    before(async function () {
      needsDocker(this, version);
      const { pulled, loaded } = await innerImages();
      original = await startEmpty(system, { args: await newVolume() });
      await pull(system, original, pulled);
      await load(system, original, loaded);
      await buildInside(original, loaded);
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      await cleanUp();
    });

    it("writes the archive, and gives the engine no image", async () => {
      const { id, taken, leftOut } = await commit(original, tag, ["--output", `type=docker,dest=${archive}`]);
      assert.equal(id, undefined);
      assert.equal(taken.length, 3);
      assert.deepEqual(leftOut, []);
      assert.notEqual((await tryDocker(["image", "inspect", tag])).status, 0);
      assert.equal(await remains(), "");
    });

    it("has the same images once the archive is loaded", async () => {
      await docker(["load", "--input", archive]);
      const next = await SystemContainer.start(tag);
      assert.deepEqual(await list(system, next), await list(system, original));
      assert.equal(await next.inner("run", "--rm", "--network", "none", built), "three\n");
    });
  });
}
