import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker, type EngineOptions } from "../harness/docker.js";
import { labImage } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");

/** systemd from 258 on knows no other cgroups. */
describe("starts on cgroups of version 2 alone", () => {
  const tag = labImage("e2e/cgroup2:latest");
  let engine: EngineOptions["engine"] & string;

  before(async () => {
    const dockerfile = `FROM ${labImage("systemd-docker:28.5")}\nPRELOAD ${busybox}\n`;
    await build({ tag, args: ["--push"], dockerfile });
    engine = (await PrivateEngine.start("e2e-cgroup2", "--cgroup2")).host;
  });
  after(cleanUp);

  async function start(...args: string[]): Promise<SystemContainer> {
    const run = ["run", "--detach", "--privileged", "--network", "none", ...args];
    const container = SystemContainer.named((await docker(run, { engine })).trim(), { engine });
    atEnd(() => container.remove());
    await container.ready();
    return container;
  }

  async function assertRuns(container: SystemContainer): Promise<void> {
    const info = await container.inner("info", "--format", "{{.CgroupVersion}}");
    assert.equal(info, "2\n");
    const run = ["run", "--rm", "--network", "none", busybox, "cat", "/proc/self/cgroup"];
    assert.match(await container.inner(...run), /^0::\/$/m);
  }

  it("by systemd of Debian forky, whose drop-ins attach the images of both daemons", async () => {
    const container = await start(tag);
    const [, version] = /^systemd (\d+)/.exec(await container.exec("systemctl", "--version")) ?? [];
    assert.ok(Number(version) >= 258, `systemd ${version}`);
    const read = ["journalctl", "--output", "cat", "--no-pager", "--grep", "^larder:"];
    const lines = (await container.exec(...read)).trim().split("\n");
    assert.deepEqual(
      lines.map((line) => line.replace(/ in [\d.]+ s$/, "")),
      ["containerd", "docker"].map(
        (name) => `larder: attached 1 image (1 layer) to /var/lib/${name} by link`,
      ),
    );
    await assertRuns(container);
    assert.equal((await container.exec("systemctl", "is-system-running")).trim(), "running");
    await container.remove();
  });

  it("by the daemon's name", async () => {
    const container = await start("--entrypoint", "dockerd", tag);
    await assertRuns(container);
    await container.remove();
  });
});
