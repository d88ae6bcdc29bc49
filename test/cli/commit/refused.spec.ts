import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { atEnd, cleanUp } from "../../harness/cleanup.js";
import { docker, tryDocker } from "../../harness/docker.js";
import { labImage } from "../../harness/lab.js";
import { registryImage } from "../../harness/registry-image.js";
import type { SystemContainer } from "../../harness/system-container.js";
import { larder, spawnLarder } from "../larder.js";
import { load, pull, remains, type System, startEmpty, systems } from "./systems.js";

describe("larder commit says what is wrong, and leaves nothing behind", () => {
  const system = systems.find(({ name }) => name === "overlay2") as System;
  const tag = "e2e-commit-refused:1";
  const busybox = labImage("busybox:1");
  let container: SystemContainer;

  before(async () => {
    container = await startEmpty(system);
  });
  after(cleanUp);

  const refused = async (args: readonly string[], status: number, message: RegExp): Promise<void> => {
    const finished = await larder(["commit", ...args]);
    const words = finished.stderr.trim().split("\n").at(-1) ?? "";
    assert.match(words, message);
    assert.equal(finished.status, status);
    assert.notEqual((await tryDocker(["image", "inspect", tag])).status, 0);
    assert.equal(await remains(), "");
  };

  it("no such container, no engine, no such option", async () => {
    await refused(["nobody", tag], 1, /^larder: there is no container "nobody" at unix:\/\//);
    await refused(
      [container.id, "Upper:1"],
      2,
      /^larder: image "Upper:1": repository name must be lowercase/,
    );
    await refused(
      ["--daemon", "podman", container.id, tag],
      2,
      /--daemon=podman: it is docker or containerd/,
    );
    await refused(["--daemon", "containerd", container.id, tag], 2, /--daemon=containerd: none runs in the/);
  });

  it("a container without a daemon, and one that does not run", async () => {
    const plain = (await docker(["run", "--detach", busybox, "sleep", "infinity"])).trim();
    atEnd(() => docker(["rm", "--force", plain]));
    await refused(
      [plain, tag],
      1,
      /^larder: no Docker and no containerd runs in the container; docker commit/,
    );
    await docker(["stop", "--time", "0", plain]);
    await refused(
      [plain, tag],
      1,
      /does not run \(exited\), so .*: docker start \w+ first; or docker commit/,
    );
  });

  it("nothing to commit, wrong instructions", async () => {
    await refused([container.id, tag], 1, /^larder: nothing to commit: the docker in \w+ has no images/);
    await pull(system, container, await registryImage(busybox));
    const change = ["--change", "RUN true", container.id, tag];
    await refused(change, 1, /^larder: the container cannot be committed: RUN is not a valid change command/);
    const frontend = ["--frontend", labImage("absent:1"), container.id, tag];
    await refused(frontend, 1, /^larder: the build failed: .*absent:1: not found/);
  });

  it("interrupted", async () => {
    await load(system, container, await registryImage(labImage("python:3")));
    const child = await spawnLarder(["commit", container.id, tag]);
    const said: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      if (/larder: building/.test(text)) child.kill("SIGINT");
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(status, 130, said.join(""));
    assert.match(said.join(""), /larder: interrupted: nothing was committed\n$/);
    assert.equal(await remains(), "");
    assert.notEqual((await tryDocker(["image", "inspect", tag])).status, 0);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => /^larder-commit-/.test(name)),
      [],
    );
  });

  it("a daemon that does not answer", async () => {
    await container.exec("sh", "-c", "kill -STOP $(cat /run/docker.pid)");
    const finished = await larder(["commit", container.id, tag], { timeout: 60_000 });
    await container.exec("sh", "-c", "kill -CONT $(cat /run/docker.pid)");
    assert.match(
      finished.stderr,
      /larder: the Docker in the container does not answer: no word in 20 s; see its log/,
    );
  });
});
