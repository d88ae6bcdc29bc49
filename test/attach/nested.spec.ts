import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { dockerStage, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { stores } from "./fixture.js";

const busybox = labImage("busybox:1");

/** A container in a system container in a system container: overlayfs allows only two levels of overlayfs. */
describe("attach: a system image inside a system image", () => {
  after(cleanUp);

  for (const store of stores) {
    it(`copies the layers there, and its containers run (${store})`, async () => {
      const inner = labImage(`e2e/nested:${store}`);
      const outer = `e2e-nested-outer:${store}`;
      const stage = dockerStage("28.5", store);
      await build({ dockerfile: `${stage}PRELOAD ${busybox}\n`, tag: inner, args: ["--push"] });
      await build({ dockerfile: `${stage}PRELOAD ${inner}\n`, tag: outer });
      const container = await SystemContainer.start(outer);
      assert.match(await container.logs(), /^larder: attached 1 image \(\d+ layers\) to \S+ by link/m);
      const options = ["--detach", "--name", "inside", "--privileged", "--network", "none"];
      await container.inner("run", ...options, inner);
      const ready =
        "for i in $(seq 300); do docker exec inside docker version && exit; sleep 0.2; done; exit 1";
      await container.exec("sh", "-c", `(${ready}) >/dev/null 2>&1`);
      const run = ["docker", "run", "--rm", "--network", "none", busybox, "echo", "here"];
      assert.equal(await container.inner("exec", "inside", ...run), "here\n");
      const log = await container.exec("sh", "-c", "docker logs inside 2>&1");
      assert.match(
        log,
        /^larder: overlayfs cannot be mounted on \/usr\/lib\/larder here, .*: the layers are copied\nlarder: attached 1 image \(1 layer\) to \S+ by copy/m,
      );
      await container.inner("restart", "--time", "1", "inside");
      await container.exec("sh", "-c", `(${ready}) >/dev/null 2>&1`);
      assert.equal(await container.inner("exec", "inside", ...run), "here\n");
      await container.remove();
    });
  }
});
