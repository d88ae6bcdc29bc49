import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerImage, listImages, shell, stores, systemImage } from "./fixture.js";

const containers = 20;
const megabyte = 1_000_000;

for (const store of stores)
  describe(`attach: ${containers} containers from one image, ${store}`, () => {
    after(cleanUp);

    it("attach writes little, however large the layers are", async () => {
      const program = "/usr/lib/larder/bin/attach dockerd && du -s --block-size=1 /var/lib/docker";
      const bytes = Number.parseInt(await shell(await systemImage({ store }), program), 10);
      console.log(`        ${bytes} bytes by attach itself, for 2 images of 4 layers`);
      // containerd's databases are files of 192 kB, whatever is in them.
      const limit = store === "overlay2" ? 0.3 * megabyte : 0.5 * megabyte;
      assert.ok(bytes > 0 && bytes < limit, `${bytes} bytes`);
    });

    it("each has the images, and writes less than 1 MB", async () => {
      const image = await systemImage({ store });
      const written: number[] = [];
      for (let started = 0; started < containers; started += 4) {
        const group = await Promise.all(
          Array.from({ length: Math.min(4, containers - started) }, () => SystemContainer.start(image)),
        );
        await Promise.all(
          group.map(async (container) => {
            const images = await listImages(container);
            assert.deepEqual(images.sort(), [innerImage("odd"), innerImage("second")].sort());
            written.push(await container.written());
          }),
        );
      }
      const most = Math.max(...written);
      console.log(`        at most ${most} bytes for a container, ${Math.min(...written)} at least`);
      assert.equal(written.length, containers);
      assert.ok(most < megabyte, `${written.join(" ")} bytes`);
    });
  });
