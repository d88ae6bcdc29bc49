import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { containerdVersions } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerImages, prints } from "../inner-docker/images.js";
import { buildSystem, checkImages, kubernetes, listImages, runImage } from "./fixture.js";

/** The newest version has a separate suite. */
for (const version of containerdVersions.filter((version) => version !== "2.1")) {
  describe(`containerd ${version}`, () => {
    after(cleanUp);

    it("has the images, and runs them with exactly their files", async () => {
      const images = await innerImages();
      const { one, two, index } = images;
      const container = await SystemContainer.start(await buildSystem(version, images), {
        daemon: "containerd",
      });
      assert.match(
        await container.exec("containerd", "--version"),
        new RegExp(` v?${version.replace(".", "\\.")}\\.`),
      );
      assert.deepEqual(
        (await listImages(container, "default")).map(({ name, digest }) => [name, digest]),
        [index, one, two].map(({ reference, digest }) => [reference, digest]),
      );
      assert.equal(await runImage(container, "default", one.reference), prints.one);
      assert.equal(await runImage(container, "default", index.reference), prints.index);
      assert.equal(await runImage(container, kubernetes, two.reference), prints.two);
      assert.match((await checkImages(container, "default"))[two.reference] ?? "", /^complete/);
      assert.match((await checkImages(container, kubernetes))[two.reference] ?? "", /^incomplete/);
      await container.ctr("default", "images", "rm", "--sync", one.reference, index.reference);
      await container.restart();
      assert.deepEqual(
        (await listImages(container, "default")).map(({ name }) => name),
        [two.reference],
      );
      assert.equal(await runImage(container, "default", two.reference), prints.two);
    });
  });
}
