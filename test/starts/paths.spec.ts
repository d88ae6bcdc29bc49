import assert from "node:assert/strict";
import { innerImage, newVolume, pushTarget } from "../attach/fixture.js";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");

/** Links at places to which Larder writes, and names that a shell, TOML or ctr's output could split. */
describe("starts: paths of the stage", () => {
  after(cleanUp);

  it("a unit directory that is a link stays one, and the drop-in is behind it", async () => {
    const tag = "e2e-paths:units";
    const units = "/usr/lib/systemd/site";
    const move = `mv /etc/systemd/system ${units} && ln -s ../..${units} /etc/systemd/system`;
    await build({
      tag,
      dockerfile: `FROM ${labImage("systemd-docker:latest")}\nRUN ${move}\nPRELOAD ${busybox}\n`,
    });
    const run = ["run", "--detach", "--privileged", "--network", "none", tag];
    const container = SystemContainer.named((await docker(run)).trim());
    atEnd(() => container.remove());
    await container.ready();
    assert.equal(await container.exec("readlink", "/etc/systemd/system"), `../..${units}\n`);
    assert.match(await container.exec("cat", `${units}/docker.service.d/larder.conf`), /attach/);
    assert.equal(await container.inner("run", "--rm", "--network=none", busybox, "echo", "here"), "here\n");
    await container.remove();
  });

  it("directories of PATH with spaces and quotes, and one behind a link", async () => {
    const tag = "e2e-paths:path";
    const daemons = '/opt/it\'s \\$5 of \\"daemons\\"';
    const lines = [
      `RUN mkdir -p "${daemons}" /data/own/x && mv "$(command -v dockerd)" "${daemons}" && ln -s /data/own/x /link`,
      `ENV PATH="/link/../my shims:${daemons}:$PATH"`,
    ];
    await build({ tag, dockerfile: `FROM ${lab.system}\n${lines.join("\n")}\nPRELOAD ${busybox}\n` });
    const container = await SystemContainer.start(tag);
    assert.equal(await container.inner("run", "--rm", "--network=none", busybox, "echo", "here"), "here\n");
    assert.match(await container.exec("cat", "/data/own/my shims/dockerd"), /^# larder-shim$/m);
    assert.equal((await container.try("dockerd", "--version")).status, 0);
    await container.remove();
  });

  it("a containerd's root with a space and quotes, which holds other images", async () => {
    const root = `/data/Mother's "root"`;
    const stage = `FROM ${labImage("containerd:2.1")}
RUN mkdir -p /etc/containerd && echo 'version = 2\\nroot = ${JSON.stringify(root).replace("'", "'\\''")}' >/etc/containerd/config.toml
`;
    const args = await newVolume("containerd", "/data");
    const odd = await pushTarget("odd");
    await build({ larder: false, tag: "e2e-paths:plain", dockerfile: stage });
    await build({ tag: "e2e-paths:root", dockerfile: `${stage}PRELOAD ${odd}\n` });
    const options = { daemon: "containerd", args } as const;
    const plain = await SystemContainer.start("e2e-paths:plain", { ...options, network: "bridge" });
    await plain.ctr("default", "images", "pull", "--plain-http", busybox);
    await plain.remove();
    const container = await SystemContainer.start("e2e-paths:root", options);
    assert.match(
      await container.logs(),
      /^larder: attached 1 image \(3 layers\) to \/data\/Mother's "root" by link in /m,
    );
    const run = async (image: string, ...command: string[]) =>
      container.ctr("default", "run", "--rm", "--net-host", image, `c${command.length}`, ...command);
    assert.equal(await run(innerImage("odd")), ". ./again ./again/new ./kept ./kept/stays\n");
    assert.equal(await run(busybox, "echo", "here"), "here\n");
    await container.remove();
  });
});
