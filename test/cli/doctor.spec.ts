import assert from "node:assert/strict";
import { newVolume, systemImage } from "../attach/fixture.js";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { lab, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { doctor, textOf } from "./doctor.js";
import { larder } from "./larder.js";

/** A container whose first process is dockerd, by its path. */
async function startByPath(image: string, ...args: string[]): Promise<SystemContainer> {
  const flags = ["run", "--detach", "--privileged", "--network", "none", "--entrypoint", "/usr/sbin/dockerd"];
  const container = SystemContainer.named((await docker([...flags, image, ...args])).trim());
  atEnd(() => container.remove());
  await container.ready();
  return container;
}

/** Lists what is in the shelf and the data root, which a running daemon changes elsewhere only. */
const tree =
  "find /usr/lib/larder /var/lib/docker/overlay2 /var/lib/docker/image /var/lib/docker/larder | sort";

describe("larder doctor, and attach --explain", () => {
  after(cleanUp);

  it("a container with its images, running and stopped", async () => {
    const container = await SystemContainer.start(await systemImage());
    const before = await container.exec("sh", "-c", tree);
    const diagnosis = await doctor(container);
    assert.equal(diagnosis.shows, true, JSON.stringify(diagnosis));
    assert.deepEqual(diagnosis.reasons, []);
    assert.equal(textOf(diagnosis, "there"), "attached before by link: 2 of 2 images");
    assert.match(
      textOf(diagnosis, "data root") ?? "",
      /^\/var\/lib\/docker \(the default\), on \w+, mounted at/,
    );
    assert.match(textOf(diagnosis, "daemon") ?? "", /^dockerd .*\(process \d+\)$/);
    assert.equal(await container.exec("sh", "-c", tree), before, "nothing is changed");
    const table = await larder(["doctor", container.id]);
    assert.match(table.stdout, /^FROM +WHAT +FOUND\nengine +container [\s\S]*\nimages: show up\n$/);
    await docker(["stop", "--time", "1", container.id]);
    const stopped = await doctor(container);
    assert.equal(stopped.shows, null);
    assert.match(stopped.notes.join("\n"), /^the container does not run/m);
    await container.remove();
  });

  it("Docker 29, which keeps its images in containerd", async function () {
    needsDocker(this, "29.9");
    const container = await SystemContainer.start(
      await systemImage({ version: "29.9", store: "containerd" }),
    );
    const diagnosis = await doctor(container);
    assert.equal(diagnosis.shows, true, JSON.stringify(diagnosis));
    assert.deepEqual(diagnosis.reasons, []);
    assert.match(textOf(diagnosis, "there") ?? "", /^attached before by link: (\d) of \1 snapshots$/);
    await container.remove();
  });

  it("LARDER_ATTACH=off, and another store", async () => {
    const container = await SystemContainer.start(await systemImage(), {
      env: { LARDER_ATTACH: "off", DOCKER_DRIVER: "vfs" },
    });
    const { shows, reasons } = await doctor(container);
    assert.equal(shows, false);
    assert.equal(reasons.length, 2, reasons.join("\n"));
    assert.equal(reasons[0], "LARDER_ATTACH is off: leave the variable out");
    assert.match(reasons[1] ?? "", /^this Docker keeps its images with .*the variable DOCKER_DRIVER/);
    await container.remove();
  });

  it("a daemon by its full path, with a data root of its own", async () => {
    const container = await startByPath(await systemImage(), "--data-root=/var/lib/docker/own");
    const diagnosis = await doctor(container);
    assert.match(textOf(diagnosis, "data root") ?? "", /^\/var\/lib\/docker\/own \(--data-root\)/);
    assert.match(
      diagnosis.reasons.join("\n"),
      /^dockerd runs \(process 1\), and attach was not run before it: .*not by its path \/usr\/sbin\/dockerd$/,
    );
    await docker(["stop", "--time", "1", container.id]);
    assert.match(
      (await doctor(container)).reasons.join("\n"),
      /^the container's command starts \/usr\/sbin\/dockerd by/,
    );
    await container.remove();
  });

  it("a data root on the container's own file system", async () => {
    const image = await systemImage();
    const container = await SystemContainer.start(image, { env: { LARDER_ATTACH: "off" } });
    const attach = ["/usr/lib/larder/bin/attach", "--explain", "dockerd", "--data-root=/data"];
    const { status, stdout } = await container.try("env", "LARDER_ATTACH=link", ...attach);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^why not: +\/data\/overlay2 is on overlayfs, .*: mount a volume at \/data to have the images$/m,
    );
    assert.match(stdout, /^note: +process \d+ runs dockerd with its data root at \/var\/lib\/docker: /m);
    await container.remove();
  });

  it("a volume of another container, whose images were removed there", async () => {
    const image = await systemImage();
    const args = await newVolume();
    const first = await SystemContainer.start(image, { args });
    await first.exec("sh", "-c", "docker image rm --force $(docker image ls --quiet)");
    await first.remove();
    const second = await SystemContainer.start(image, { args });
    const diagnosis = await doctor(second);
    assert.equal(textOf(diagnosis, "there"), "attached before by link: 0 of 2 images");
    const way = /: remove (\S+), and start the daemon again$/.exec(diagnosis.reasons.join("\n"))?.[1];
    assert.ok(way, diagnosis.reasons.join("\n"));
    // The way out is one.
    await second.exec("rm", way);
    await second.restart();
    assert.equal((await doctor(second)).shows, true);
    await second.remove();
  });

  it("no shelf: an image without PRELOAD, and a mount over the shelf", async () => {
    const plain = await SystemContainer.start(lab.system);
    assert.match(
      (await doctor(plain)).reasons.join("\n"),
      / has no label io\.larder\.preload: build it from /,
    );
    await plain.remove();
    const hidden = await SystemContainer.start(await systemImage(), { args: ["--tmpfs", "/usr/lib/larder"] });
    assert.deepEqual((await doctor(hidden)).reasons, [
      "tmpfs at /usr/lib/larder hides /usr/lib/larder, where the inner images are: leave that mount out",
    ]);
    await hidden.remove();
  });

  it("no such container, and wrong words", async () => {
    const none = await larder(["doctor", "larder-has-none"]);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /has no container "larder-has-none": docker ps --all lists those it has$/m);
    assert.equal((await larder(["doctor"])).status, 2);
  });
});
