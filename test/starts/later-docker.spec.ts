import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { type DockerVersion, labImage, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");
const pause = labImage("pause:3");

/** Images in a stage without Docker. The daemon's own way needs a Docker there. */
const images = (suite: string) => `FROM ${labImage(`debian:${suite}`)} AS images
PRELOAD --store=docker ${busybox}
`;
/** Docker as an installation leaves it: its files, and nothing of Larder's. */
const install = (system: string) => `FROM images
COPY --from=${labImage(system)} / /
`;
const entrypoint = `VOLUME /var/lib/docker
ENTRYPOINT ["system-entrypoint"]
CMD ["sleep", "infinity"]
`;

async function assertRuns(container: SystemContainer): Promise<void> {
  const run = ["run", "--rm", "--network", "none", busybox, "echo", "here"];
  assert.equal(await container.inner(...run), "here\n");
}

describe("starts: a Docker that comes after PRELOAD", () => {
  after(cleanUp);

  const places: readonly [version: DockerVersion, root: string][] = [
    ["28.5", "/var/lib/docker"],
    ["29.9", "/var/lib/docker/containerd/daemon"],
  ];
  for (const [version, root] of places) {
    it(`Docker ${version} has the images, and at the next start, too`, async function () {
      needsDocker(this, version);
      const tag = `e2e-later-docker:${version}`;
      const dockerfile = `${images("forky")}${install(`docker:${version}`)}${entrypoint}`;
      await build({ tag, via: "direct", dockerfile });
      const container = await SystemContainer.start(tag);
      await assertRuns(container);
      assert.ok((await container.logs()).includes(`larder: attached 1 image (1 layer) to ${root} by link`));
      await container.restart();
      await assertRuns(container);
      assert.match(await container.logs(), /^larder: had attached 1 image \(1 layer\)/m);
      await container.remove();
    });
  }

  it("has those of a PRELOAD below it, too", async () => {
    const tag = "e2e-later-docker:two";
    const dockerfile = `${images("forky")}${install("docker:28.5")}PRELOAD ${pause}\n${entrypoint}`;
    await build({ tag, via: "direct", dockerfile });
    const container = await SystemContainer.start(tag);
    const listed = await container.inner("images", "--format", "{{.Repository}}:{{.Tag}}");
    assert.deepEqual(listed.trim().split("\n").sort(), [busybox, pause].sort());
    await assertRuns(container);
    await container.remove();
  });

  it("is started by systemd", async () => {
    const tag = "e2e-later-docker:systemd";
    // As in lab/images/systemd-docker.
    const start = `VOLUME /var/lib/docker /var/lib/containerd
ENV container=docker
ENTRYPOINT ["/lib/systemd/systemd", "systemd.legacy_systemd_cgroup_controller=1"]
`;
    await build({
      tag,
      via: "direct",
      dockerfile: `${images("trixie")}${install("systemd-docker:latest")}${start}`,
    });
    const run = ["run", "--detach", "--privileged", "--network", "none", tag];
    const container = SystemContainer.named((await docker(run)).trim());
    atEnd(() => container.remove());
    await container.ready();
    await assertRuns(container);
    const read = ["journalctl", "--unit", "docker.service", "--output", "cat", "--no-pager"];
    assert.match(
      await container.exec(...read),
      /^larder: attached 1 image \(1 layer\) to \/var\/lib\/docker by/m,
    );
    await container.remove();
  });

  it("is missing: the shim says so", async () => {
    const tag = "e2e-later-docker:missing";
    await build({ tag, via: "direct", dockerfile: images("forky") });
    const { status, stderr } = await tryDocker(["run", "--rm", "--network", "none", tag, "dockerd"]);
    assert.equal(status, 127);
    assert.match(stderr, /^larder: there is no dockerd in PATH: /m);
  });
});
