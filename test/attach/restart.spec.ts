import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  attachedRoot,
  attachLines,
  forEachDocker,
  innerImage,
  listImages,
  systemImage,
} from "./fixture.js";

forEachDocker("attach: a container that is started again", (system) => {
  const { store } = system;
  const root = attachedRoot(store);

  let container: SystemContainer;
  before(async () => {
    container = await SystemContainer.start(await systemImage(system));
  });
  after(cleanUp);

  it("attaches at the first start", async () => {
    const lines = await attachLines(container);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(
      lines[0] ?? "",
      new RegExp(`^larder: attached 2 images \\(4 layers\\) to ${root} by link in \\d\\.\\d\\d s$`),
    );
    await assertRuns(container, "odd", "second");
  });

  it("finds everything attached at the second", async () => {
    await container.restart();
    assert.deepEqual((await attachLines(container)).slice(1), [
      `larder: had attached 2 images (4 layers) to ${root} before`,
    ]);
    await assertRuns(container, "odd", "second");
  });

  it("leaves a tag that the user moved, and images that the user made", async () => {
    await container.inner("tag", innerImage("odd"), innerImage("second"));
    await container.inner("run", "--name", "kept", innerImage("odd"), "touch", "/t/made");
    await container.inner("commit", "kept", "made:1");
    await container.restart();
    await assertRuns(container, "odd", [innerImage("second"), "odd"]);
    assert.match(await container.inner("run", "--rm", "made:1", "ls", "/t"), /^again\nkept\nmade\n$/);
    assert.match(await container.inner("start", "--attach", "kept"), /^$/);
  });

  it("does not bring back an image that the user removed", async () => {
    await container.inner("rm", "kept");
    await container.inner("rmi", "made:1");
    const removed = await container.inner("rmi", "--force", innerImage("odd"), innerImage("second"));
    assert.match(removed, /^Deleted: sha256:/m);
    await container.restart();
    assert.deepEqual(
      (await listImages(container)).filter((name) => !name.includes("<none>")),
      [],
    );
    assert.equal((await container.try("docker", "run", "--rm", innerImage("odd"))).status, 125);
  });
});
