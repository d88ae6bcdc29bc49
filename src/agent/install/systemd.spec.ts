import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { CatalogFiles } from "../../shelf/catalog-files.js";
import { addDropIn, daemonArguments, formatDropIn } from "./systemd.js";

const unit = "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// \\\n  $DOCKER_OPTS\nExecReload=/bin/kill\n";

describe("the drop-in for docker.service", () => {
  it("has the arguments of the daemon, which may name the data root", () => {
    assert.match(daemonArguments([unit]), /^-H fd:\/\/\s+\$DOCKER_OPTS$/);
    assert.equal(
      daemonArguments([unit, "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -g /mnt\n"]),
      "-g /mnt",
    );
    assert.equal(daemonArguments(["[Service]\nExecStart=/usr/bin/dockerd\n"]), "");
  });

  it("has arguments without the program's own name", () => {
    for (const program of [
      '"/opt/my docker/dockerd"',
      "-'/opt/it\\'s a/dockerd'",
      "/opt/my\\ docker/dockerd",
    ]) {
      assert.equal(daemonArguments([`ExecStart=${program} -g "/my data"`]), '-g "/my data"');
    }
  });

  it("starts attach before the daemon, which starts even if attach fails", () => {
    assert.equal(
      formatDropIn("--unit docker.service dockerd -g /mnt"),
      "# Larder: the images of PRELOAD, see /usr/lib/larder/preload.json\n[Service]\n" +
        "PassEnvironment=LARDER_ATTACH\nExecStartPre=-/usr/lib/larder/bin/attach --unit docker.service dockerd -g /mnt\n",
    );
  });

  it("is there for a unit that comes later, and asks systemd for its arguments", async () => {
    const [stage, out] = [mkdtempSync(`${tmpdir()}/larder-stage-`), mkdtempSync(`${tmpdir()}/larder-out-`)];
    try {
      const files = new CatalogFiles();
      await addDropIn(files, stage, "containerd");
      assert.deepEqual(files.directories(), []);
      await addDropIn(files, stage, "dockerd", true);
      await files.write(out);
      assert.equal(
        readFileSync(`${out}/etc/systemd/system/docker.service.d/larder.conf`, "utf8"),
        formatDropIn("--unit docker.service dockerd"),
      );
    } finally {
      for (const folder of [stage, out]) rmSync(folder, { recursive: true });
    }
  });
});
