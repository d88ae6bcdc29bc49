import assert from "node:assert/strict";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  attachLines,
  buildSystem,
  forEachDocker,
  innerImage,
  listImages,
  newVolume,
  pushTarget,
  systemImage,
} from "./fixture.js";

forEachDocker("attach: a data root that already holds images", (system) => {
  let image = "";
  let args: string[] = [];

  before("a Docker without anything of Larder's pulls two images", async () => {
    image = await systemImage(system);
    const plain = await buildSystem("e2e-attach-plain", [], system);
    args = await newVolume();
    const container = await SystemContainer.start(plain, { args, network: "bridge" });
    // It contains all layers of the preloaded `odd`.
    await container.inner("pull", await pushTarget("derived"));
    await container.inner("pull", await pushTarget("newer"));
    await container.remove();
  });

  it("is added to", async () => {
    const container = await SystemContainer.start(image, { args });
    assert.match(
      (await attachLines(container)).join("\n"),
      /^larder: attached 2 images \(4 layers\) to .* by link in/,
    );
    await assertRuns(container, "odd", "second", "derived", "newer");
    await container.remove();
  });

  it("keeps the preloaded images when the earlier ones are removed", async () => {
    const container = await SystemContainer.start(image, { args });
    await container.inner("rmi", innerImage("derived"), innerImage("newer"));
    await assertRuns(container, "odd", "second");
    await container.restart();
    assert.deepEqual((await listImages(container)).sort(), [innerImage("odd"), innerImage("second")].sort());
    await assertRuns(container, "odd", "second");
    await container.remove();
  });
});
