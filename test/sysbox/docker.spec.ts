import assert from "node:assert/strict";
import {
  assertRuns,
  attachedRoot,
  attachLines,
  innerImage,
  listImages,
  shell,
  systemImage,
} from "../attach/fixture.js";
import { cleanUp } from "../harness/cleanup.js";
import { engineNames, needsDocker } from "../harness/lab.js";
import { sysbox } from "../harness/sysbox.js";
import { SystemContainer } from "../harness/system-container.js";

const attach = "/usr/lib/larder/bin/attach dockerd 2>/dev/null";
const tree = String.raw`cd /var/lib/docker && find . -printf '%p %y %m %U:%G %n %l\n' | sort`;

const systems = [
  ...engineNames.map((engine) => ({ engine, version: "28.5", store: "overlay2" }) as const),
  { engine: "containerd", version: "29.9", store: "containerd" },
  { engine: "containerd", version: "29.9", store: "overlay2" },
] as const;

for (const system of systems) {
  const { engine, version, store } = system;
  describe(`sysbox: a system container of the engine "${engine}", Docker ${version} with ${store}`, () => {
    let container: SystemContainer;
    let image = "";

    before(async function () {
      needsDocker(this, version);
      image = await systemImage(system);
      container = await SystemContainer.start(image, { engine, privilege: sysbox });
    });
    after(cleanUp);

    it("is in a user namespace of its own", async () => {
      assert.match(await container.exec("cat", "/proc/self/uid_map"), /^\s*0\s+165536\s+65536\s*$/);
    });

    it("attach writes the same data root as without", async () => {
      const [within, without] = await Promise.all([
        shell(image, `${attach} && ${tree}`, { engine, privilege: sysbox }),
        shell(image, `${attach} && ${tree}`, { engine }),
      ]);
      assert.equal(within, without);
      assert.match(within, /\/t\/file c /);
    });

    it("the inner Docker has the images, with their exact files", async () => {
      assert.match(
        (await attachLines(container)).join("\n"),
        new RegExp(
          `^larder: attached 2 images \\(4 layers\\) to ${attachedRoot(store)} by link in \\d\\.\\d\\d s$`,
        ),
      );
      const driver = await container.inner("info", "--format", "{{.Driver}}");
      assert.equal(driver.trim(), store === "overlay2" ? "overlay2" : "overlayfs");
      await assertRuns(container, "odd", "second");
    });

    it("also after a restart", async () => {
      await container.restart();
      assert.match((await attachLines(container)).at(-1) ?? "", /^larder: had attached 2 images /);
      await assertRuns(container, "odd", "second");
    });

    it("commits and removes images as usual", async () => {
      await container.inner("run", "--name", "changed", innerImage("odd"), "rm", "-r", "/t/again");
      await container.inner("commit", "changed", "changed:1");
      assert.equal(await container.inner("run", "--rm", "changed:1", "ls", "/t"), "kept\n");
      await container.inner("rm", "changed");
      await container.inner("rmi", "changed:1", innerImage("odd"));
      assert.deepEqual(await listImages(container), [innerImage("second")]);
      await assertRuns(container, "second");
    });

    it("copies, too", async () => {
      const copied = await SystemContainer.start(image, {
        engine,
        privilege: sysbox,
        env: { LARDER_ATTACH: "copy" },
      });
      await assertRuns(copied, "odd", "second");
      await copied.remove();
    });
  });
}
