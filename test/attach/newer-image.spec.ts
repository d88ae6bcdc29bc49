import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker } from "../harness/docker.js";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  buildSystem,
  forEachDocker,
  innerImage,
  listImages,
  newVolume,
  pushTarget,
} from "./fixture.js";

forEachDocker("attach: a data root that an older system image used", (system) => {
  const { version, store } = system;
  const odd = innerImage("odd");
  const derived = innerImage("derived");
  const moving = innerImage("second", "moving");
  let container: SystemContainer;
  let args: string[] = [];

  before(async function () {
    this.timeout(600_000);
    args = await newVolume();
    await pushTarget("odd");
    await pushTarget("derived");
    await pushTarget("second");
    await pushTarget("second", moving);
    const older = await SystemContainer.start(
      await buildSystem("e2e-attach-older", [odd, innerImage("second"), moving], system),
      { args, network: "bridge" },
    );
    await assertRuns(older, "odd", "second", [moving, "second"]);
    // `derived` stands on layers of the older shelf.
    await older.inner("pull", derived);
    await older.inner("tag", innerImage("second"), "mine:1");
    await older.inner("run", "--name", "old-container", odd);
    await older.remove();

    await pushTarget("newer", moving);
    container = await SystemContainer.start(
      await buildSystem("e2e-attach-newer", [innerImage("second"), moving], system),
      { args, network: "bridge" },
    );
  });

  it("has the newer system image's images, and follows a reference that moved in the registry", () =>
    assertRuns(container, "second", [moving, "newer"], ["mine:1", "second"]));

  it("no longer has the images of the older one, and those based on them", async () => {
    const listed = await listImages(container);
    // containerd keeps the name of an image that the user pulled, for the next pull.
    const gone = store === "overlay2" ? [odd, derived] : [odd];
    assert.deepEqual(
      listed.filter((name) => gone.includes(name)),
      [],
    );
  });

  it("accepts them again, by docker load", async () => {
    const archive = join(tmpdir(), `larder-attach-${process.pid}.tar`);
    try {
      await docker(["pull", "--quiet", odd]);
      await docker(["save", "--output", archive, odd]);
      await docker(["cp", archive, `${container.id}:/odd.tar`]);
    } finally {
      rmSync(archive, { force: true });
    }
    await container.inner("load", "--input", "/odd.tar");
    await assertRuns(container, "odd");
    // Docker 29 still lists the image's older container, which it cannot start. Docker 28 does not.
    await container.inner("rmi", "--force", odd);
  });

  it("accepts them again, by docker pull", async () => {
    assert.match(await container.inner("pull", odd), /Downloaded newer image/);
    await assertRuns(container, "odd");
  });

  it("accepts the images based on them again, by docker pull", async () => {
    await container.inner("pull", derived);
    await assertRuns(container, "odd", "derived");
  });

  it("keeps all that after a restart", async () => {
    await container.restart();
    await assertRuns(container, "odd", "second", "derived", [moving, "newer"], ["mine:1", "second"]);
  });

  it("goes back to the older one, with all images based on its own", async () => {
    await container.remove();
    const older = await SystemContainer.start(`e2e-attach-older:${version}-${store}`, { args });
    await assertRuns(older, "odd", "second", "derived", [moving, "second"], ["mine:1", "second"]);
    assert.match(await older.inner("start", "--attach", "old-container"), /again\/new/);
    await older.remove();
  });
});
