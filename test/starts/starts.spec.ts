import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");

/** Other ways to start daemons than by their name. */
describe("starts of the inner Docker", () => {
  after(cleanUp);

  async function start(...args: string[]): Promise<SystemContainer> {
    const run = ["run", "--detach", "--privileged", "--network", "none"];
    const container = SystemContainer.named((await docker([...run, ...args])).trim());
    atEnd(() => container.remove());
    return container;
  }

  async function assertHasImage(container: SystemContainer): Promise<void> {
    const run = ["run", "--rm", "--network", "none", busybox, "echo", "here"];
    assert.equal(await container.inner(...run), "here\n");
  }

  it("by systemd, with an override that was written below PRELOAD", async () => {
    const tag = "e2e-starts:override";
    await build({
      tag,
      dockerfile: `FROM ${labImage("systemd-docker:latest")}
PRELOAD ${busybox}
COPY <<"EOF" /etc/systemd/system/docker.service.d/site.conf
[Service]
Environment=DATA=/var/lib/docker/some MORE="--debug --label=a=b"
ExecStart=
ExecStart=-/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock \\
  "--data-root=\${DATA} where else" $MORE
EOF
`,
    });
    const container = await start(tag);
    await container.ready();
    const root = "/var/lib/docker/some where else";
    assert.equal((await container.inner("info", "--format", "{{.DockerRootDir}}")).trim(), root);
    const read = ["journalctl", "--unit", "docker.service", "--output", "cat", "--no-pager"];
    const journal = await container.exec(...read);
    assert.ok(journal.includes(`larder: attached 1 image (1 layer) to ${root} by link`), journal);
    await assertHasImage(container);
    await container.remove();
  });

  it("by Docker's own init script", async () => {
    const tag = "e2e-starts:init";
    const system = labImage("docker:26.1");
    const option = 'DOCKER_OPTS="--debug"';
    // The script sets limits that not every machine allows in its containers.
    const configure = `RUN echo '${option}' >>/etc/default/docker && sed -i 's/^\\s*ulimit .*/:/' /etc/init.d/docker`;
    await build({ tag, dockerfile: `FROM ${system}\n${configure}\nPRELOAD ${busybox}\n` });
    // The first process must reap the daemon.
    const container = await start("--entrypoint", "sh", tag, "-c", "while :; do sleep 1; done");
    await container.exec("service", "docker", "start");
    await container.ready();
    const log = await container.exec("cat", "/var/log/docker.log");
    assert.match(log, /^larder: attached 1 image \(1 layer\) to \/var\/lib\/docker by link/m);
    await assertHasImage(container);
    assert.match(await container.exec("service", "docker", "status"), /is running/);
    const settings = "/etc/default/docker";
    assert.equal(
      await container.exec("cat", settings),
      `${await docker(["run", "--rm", "--entrypoint", "cat", system, settings])}${option}\n` +
        "# Larder: attaches the images of PRELOAD, then is the daemon\nDOCKERD=/usr/local/sbin/dockerd\n",
    );
    await container.exec("service", "docker", "stop");
    assert.notEqual((await container.try("docker", "version")).status, 0);
    await container.remove();
  });

  it("by its full path: the build warns, about the file's own commands and those of the base image", async () => {
    const warnings = async (dockerfile: string): Promise<(string | undefined)[]> => {
      const log = await build({ dockerfile });
      // Once when it is found, and once at the end.
      return [...new Set([...log.matchAll(/PreloadDaemonPath: (.*)$/gm)].map(([, words]) => words))];
    };
    const system = labImage("docker:28.5");
    const base = labImage("e2e/starts:base");
    await build({
      larder: false,
      tag: base,
      args: ["--push"],
      dockerfile: `FROM ${system}\nENTRYPOINT ["/usr/sbin/dockerd"]\n`,
    });
    const preload = `PRELOAD ${busybox}\n`;
    const [own, inherited, none] = await Promise.all([
      warnings(`FROM ${system}\n${preload}ENTRYPOINT ["sh", "-c", "exec /usr/sbin/dockerd"]\n`),
      warnings(`FROM ${base}\n${preload}`),
      warnings(`FROM ${base}\n${preload}ENTRYPOINT ["dockerd"]\n`),
    ]);
    const so = "starts /usr/sbin/dockerd by its path, so the images of PRELOAD are not attached";
    const way = "write dockerd without the path";
    assert.deepEqual(own, [`ENTRYPOINT ${so}; ${way} (line 4)`]);
    assert.deepEqual(inherited, [`ENTRYPOINT of the base image ${so}; ${way} (line 3)`]);
    assert.deepEqual(none, []);
  });
});
