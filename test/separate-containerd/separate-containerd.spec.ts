import assert from "node:assert/strict";
import { innerImage, pushTarget } from "../attach/fixture.js";
import { doctor, textOf } from "../cli/doctor.js";
import { build } from "../harness/build.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const snapshotter = `RUN mkdir -p /etc/docker && echo '{"features":{"containerd-snapshotter":true}}' >/etc/docker/daemon.json`;
/** Starts the daemons as systemd does with Debian's units, in place of the entrypoint. */
const start = `
rm -rf /run/containerd
containerd 2>/var/log/containerd.log & 
until ctr version >/dev/null 2>&1; do sleep 0.05; done
dockerd --containerd=/run/containerd/containerd.sock 2>/var/log/dockerd.log
`;

interface Case {
  readonly name: string;
  readonly system: string;
  /** The command that prints the lines of attach. */
  readonly log: readonly string[];
  readonly lines?: string;
}

const cases: readonly Case[] = [
  {
    name: "dockerd --containerd",
    system: lab.system,
    lines: `COPY <<'EOF' /usr/local/bin/start\n#!/bin/sh${start}EOF\nRUN chmod +x /usr/local/bin/start\nENTRYPOINT ["start"]\nVOLUME /var/lib/containerd`,
    log: ["cat", "/var/log/containerd.log", "/var/log/dockerd.log"],
  },
  {
    name: "systemd: containerd.service and docker.service",
    system: labImage("systemd-docker:latest"),
    log: ["journalctl", "--no-pager", "--output", "cat"],
  },
];

for (const { name, system, lines = "", log } of cases) {
  describe(`Docker with a containerd that is not its own: ${name}`, () => {
    let container: SystemContainer;
    const [odd, second] = [innerImage("odd"), innerImage("second")];

    before(async () => {
      await pushTarget("odd");
      await pushTarget("second");
      const preload = `PRELOAD ${odd} ${second}\nPRELOAD --namespace=k8s.io --blobs=never ${odd}`;
      const tag = `e2e-separate:${system.slice(system.lastIndexOf(":") + 1)}`;
      await build({ tag, dockerfile: `FROM ${system}\n${snapshotter}\n${lines}\n${preload}\n` });
      container = await SystemContainer.start(tag);
    });
    after(() => container.remove());

    it("attach fills the root of that containerd, once, and Docker's own is not there", async () => {
      const said = (await container.exec(...log)).split("\n").filter((line) => line.startsWith("larder:"));
      assert.equal(said.length, 1, said.join("\n"));
      assert.match(
        said[0] ?? "",
        /^larder: attached 3 images \(4 layers\) to \/var\/lib\/containerd by link in \d\.\d\d s$/,
      );
      assert.equal((await container.try("test", "-e", "/var/lib/docker/containerd/daemon")).status, 1);
    });

    it("Docker has its images, and runs them", async () => {
      const listed = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
      assert.deepEqual(listed.trim().split("\n").sort(), [odd, second].sort());
      const files = await container.inner("run", "--rm", "--network", "none", odd);
      assert.equal(files, ". ./again ./again/new ./kept ./kept/stays\n");
    });

    it("and larder doctor knows where they are", async () => {
      const diagnosis = await doctor(container);
      assert.equal(diagnosis.shows, true, JSON.stringify(diagnosis));
      assert.deepEqual(diagnosis.reasons, []);
      const roots = diagnosis.found.filter(({ name }) => name === "data root");
      assert.deepEqual(
        roots.map(({ text }) => text.split(" ")[0]),
        ["/var/lib/docker", "/var/lib/containerd"],
      );
      assert.equal(textOf(diagnosis, "there"), "attached before by link: 9 of 9 snapshots");
    });

    it("and the kubelet has those of its namespace", async () => {
      const names = (await container.ctr("k8s.io", "images", "ls", "--quiet")).trim().split("\n");
      assert.ok(names.includes(odd) && !names.includes(second), names.join(" "));
      const files = await container.ctr("k8s.io", "run", "--rm", "--net-host", odd, "check");
      assert.equal(files, ". ./again ./again/new ./kept ./kept/stays\n");
    });
  });
}
