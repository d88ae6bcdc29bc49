import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { containerdVersions, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { Cri } from "./cri.js";
import { criFiles } from "./cri-files.js";

/** The base of the other suites: CRI answers in the lab's images without any part of Larder. */
for (const version of containerdVersions) {
  describe(`CRI: containerd ${version} as it is`, () => {
    let container: SystemContainer;
    let cri: Cri;

    before(async () => {
      const tag = `e2e-cri:${version}`;
      const dockerfile = `FROM ${labImage(`containerd:${version}`)}\nCOPY etc /etc\n`;
      await build({ larder: false, allowInsecure: false, tag, dockerfile, files: criFiles });
      container = await SystemContainer.start(tag, { daemon: "containerd", network: "bridge" });
      cri = await Cri.open(container);
    });
    after(async () => {
      cri.close();
      await container.remove();
    });

    it("says which it is", async () => {
      assert.match(
        await cri.version(),
        new RegExp(`^containerd v?${version.replace(".", "\\.")}\\.\\S+ v1$`),
      );
    });

    it("pulls, lists and removes images", async () => {
      const reference = labImage("busybox:1");
      assert.equal(await cri.image(reference), undefined);
      const id = await cri.pull(reference);
      assert.deepEqual(
        (await cri.images()).map(({ id, repo_tags }) => ({ id, repo_tags })),
        [{ id, repo_tags: [reference] }],
      );
      await cri.removeImage(reference);
      assert.deepEqual(await cri.images(), []);
    });

    it("runs a container in a pod, also after a restart", async () => {
      const reference = labImage("busybox:1");
      await cri.pull(reference);
      assert.deepEqual(await cri.run(reference, "sh", "-c", "echo inside; exit 3"), {
        exitCode: 3,
        output: "inside\n",
      });
      await container.restart();
      assert.deepEqual(await cri.run(reference, "echo", "again"), { exitCode: 0, output: "again\n" });
      assert.deepEqual(await cri.containers(), []);
    });
  });
}
