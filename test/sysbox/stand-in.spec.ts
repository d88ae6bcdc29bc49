import assert from "node:assert/strict";
import { isSysbox } from "../../src/preload/steps/privilege.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { engineNames, labImage } from "../harness/lab.js";
import { sysbox } from "../harness/sysbox.js";

const image = labImage("debian:forky");
const places = [
  "/var/lib/docker",
  "/var/lib/kubelet",
  "/var/lib/buildkit",
  "/var/lib/k0s",
  "/var/lib/rancher/k3s",
  "/var/lib/rancher/rke2",
  "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs",
];

/** The base of the other tests: Sysbox CE 0.7 behaves like this. */
for (const engine of engineNames) {
  describe(`sysbox: the stand-in, ${engine}`, () => {
    const name = `e2e-sysbox-stand-in-${engine}`;
    const command = (...words: string[]) => docker(["exec", name, ...words], { engine });
    const shell = (program: string) => command("sh", "-c", program);

    before(async () => {
      await tryDocker(["rm", "--force", name], { engine });
      const flags = ["run", "--detach", "--name", name, "--network=none", "--stop-signal", "SIGKILL"];
      await docker([...flags, ...sysbox, image, "sleep", "infinity"], { engine });
    });
    after(async () => {
      await tryDocker(["rm", "--force", name], { engine });
      await cleanUp();
    });

    it("shifts IDs, and the image's files are root's", async () => {
      assert.match(await command("cat", "/proc/self/uid_map"), /^\s*0\s+165536\s+65536\s*$/);
      assert.equal(await shell("find / -xdev ! -path /proc ! -path /sys -uid 65534"), "");
      await shell("chown 5:6 /etc/passwd && mkdir /made && rm -r /usr/share/perl5 && mkdir /usr/share/perl5");
      assert.equal(await command("stat", "-c", "%u:%g", "/etc/passwd", "/made"), "5:6\n0:0\n");
    });

    it("lets mount(2) through, and not the newer calls", async () => {
      const { status, stderr } = await tryDocker(["exec", name, "mount", "-t", "tmpfs", "t", "/mnt"], {
        engine,
      });
      assert.notEqual(status, 0);
      assert.match(stderr, /permission denied/);
      await shell("LIBMOUNT_FORCE_MOUNT2=always mount -t tmpfs t /mnt && umount /mnt");
    });

    it("/proc/uptime is a file of sysbox-fs, by which the frontend knows Sysbox", async () => {
      const [uidMap, mounts] = await Promise.all([
        command("cat", "/proc/self/uid_map"),
        command("cat", "/proc/self/mountinfo"),
      ]);
      assert.ok(isSysbox(uidMap, mounts), uidMap + mounts);
    });

    it("/proc/uptime is read as a whole or not at all", async () => {
      assert.match(await command("cat", "/proc/uptime"), /^\d+\.\d+ \d+\.\d+\n$/);
      const { stderr } = await tryDocker(["exec", name, "head", "-c1", "/proc/uptime"], { engine });
      assert.match(stderr, /Input\/output error/);
    });

    it("has directories of the host in the places where container managers keep their data", async () => {
      const mounted = (await command("findmnt", "-rno", "TARGET,FSTYPE")).split("\n");
      for (const place of places)
        assert.ok(
          mounted.some((line) => line.startsWith(`${place} `) && !line.endsWith(" overlay")),
          place,
        );
      assert.ok(!mounted.some((line) => line.startsWith("/var/lib/containerd ")));
    });

    it("copies them without devices and extended attributes for a new container of a commit", async () => {
      const make =
        "cd /var/lib/docker && mknod gone c 0 0 && mkdir -m 750 kept && echo kept >kept/file && chown 7:8 kept/file";
      await shell(make);
      await docker(["restart", "--time=1", name], { engine });
      assert.equal(await shell("ls /var/lib/docker"), "gone\nkept\n");
      await docker(["stop", name], { engine });
      const commit = `${name}:1`;
      await docker(["commit", name, commit], { engine });
      const list = "cd /var/lib/docker && find . -mindepth 1 -printf '%p %m %U:%G\\n' | sort";
      const flags = ["run", "--rm", "--network=none"];
      const expected = "./kept 750 0:0\n./kept/file 644 7:8\n";
      assert.equal(await docker([...flags, commit, "sh", "-c", list], { engine }), expected);
      assert.equal(await docker([...flags, ...sysbox, commit, "sh", "-c", list], { engine }), expected);
      await docker(["image", "rm", commit], { engine });
    });

    it("keeps them over stop and start only with a graph driver", async () => {
      await docker(["start", name], { engine });
      assert.equal(await shell("ls /var/lib/docker"), engine === "graph" ? "gone\nkept\n" : "kept\n");
    });

    it("refuses the host's namespaces", async () => {
      const refused = await tryDocker(["run", "--rm", "--network=host", ...sysbox, image, "true"], {
        engine,
      });
      assert.match(refused.stderr, /sysbox containers can't share namespaces \[network\] with the host/);
    });
  });
}
