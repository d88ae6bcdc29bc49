import assert from "node:assert/strict";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  attachedRoot,
  attachLines,
  forEachDocker,
  listImages,
  newVolume,
  systemImage,
} from "./fixture.js";

forEachDocker("attach: LARDER_ATTACH", (system) => {
  const { store } = system;
  const root = attachedRoot(store);

  async function start(mode: string, args: readonly string[] = []): Promise<SystemContainer> {
    return SystemContainer.start(await systemImage(system), { env: { LARDER_ATTACH: mode }, args });
  }

  function linksToShelf(container: SystemContainer): Promise<string> {
    return container.exec("find", "/var/lib/docker", "-lname", "/usr/lib/larder/*");
  }

  it("link: the data root refers to the shelf", async () => {
    const container = await start("link");
    const line = `larder: attached 2 images (4 layers) to ${root} by link in `;
    assert.ok((await container.logs()).includes(line), await container.logs());
    assert.match(await linksToShelf(container), store === "overlay2" ? /\/diff\n/ : /\/fs\n/);
    await container.remove();
  });

  it("copy: the data root needs nothing of the shelf", async () => {
    const args = await newVolume();
    const container = await start("copy", args);
    const line = `larder: attached 2 images (4 layers) to ${root} by copy in `;
    assert.ok((await container.logs()).includes(line), await container.logs());
    await assertRuns(container, "odd", "second");
    assert.ok((await container.written()) > 2_000_000, "busybox is copied");
    await container.remove();

    const hidden = await start("copy", [...args, "--tmpfs", "/usr/lib/larder"]);
    assert.equal(await hidden.exec("find", "/usr/lib/larder", "-mindepth", "1"), "");
    assert.deepEqual(await attachLines(hidden), []);
    assert.equal(await linksToShelf(hidden), "");
    await assertRuns(hidden, "odd", "second");
    await hidden.remove();
  });

  it("off: nothing is done or printed", async () => {
    const container = await start("off");
    assert.deepEqual(await attachLines(container), []);
    assert.deepEqual(await listImages(container), []);
    assert.notEqual((await container.try("test", "-e", `${root}/larder`)).status, 0);
    await container.remove();
  });

  it("any other word: one line, and the daemon without the images", async () => {
    const container = await start("lnk");
    assert.deepEqual(await attachLines(container), [
      "larder: LARDER_ATTACH=lnk is none of link, copy and off; the daemon starts without them",
    ]);
    assert.deepEqual(await listImages(container), []);
    await container.remove();
  });
});
