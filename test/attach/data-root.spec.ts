import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { atEnd } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { SystemContainer } from "../harness/system-container.js";
import { assertRuns, attachedRoot, attachLines, forEachDocker, systemImage } from "./fixture.js";

const elsewhere = "/var/lib/docker/elsewhere";

forEachDocker("attach: the data root", (system) => {
  const { version, store } = system;
  const root = attachedRoot(store, elsewhere);
  const attachedElsewhere = new RegExp(`^larder: attached 2 images \\(4 layers\\) to ${root} by link in `);

  async function assertElsewhere(container: SystemContainer): Promise<void> {
    assert.match((await attachLines(container)).join("\n"), attachedElsewhere);
    assert.equal((await container.inner("info", "--format", "{{.DockerRootDir}}")).trim(), elsewhere);
    await assertRuns(container, "odd", "second");
    assert.notEqual((await container.try("test", "-e", `${attachedRoot(store)}/larder`)).status, 0);
  }

  for (const flags of [[`--data-root=${elsewhere}/`], ["--debug", "--data-root", elsewhere]]) {
    it(`dockerd ${flags.join(" ")}`, async () => {
      const run = ["run", "--detach", "--privileged", "--network", "none", "--entrypoint", "dockerd"];
      const id = (await docker([...run, await systemImage(system), ...flags])).trim();
      const container = SystemContainer.named(id);
      atEnd(() => container.remove());
      await container.ready();
      await assertElsewhere(container);
      await container.remove();
    });
  }

  it("daemon.json", async () => {
    const features = `"features": {"containerd-snapshotter": ${store === "containerd"}}`;
    const config = `{\n  "debug": true,\n  "data-root":\n    "${elsewhere}",\n ${features}\n}\n`;
    await build({
      larder: false,
      dockerfile: `FROM ${await systemImage(system)}\nCOPY daemon.json /etc/docker/\n`,
      files: { "daemon.json": config },
      tag: `e2e-attach-elsewhere:${version}-${store}`,
    });
    const container = await SystemContainer.start(`e2e-attach-elsewhere:${version}-${store}`);
    await assertElsewhere(container);
    await container.remove();
  });
});
