import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { labImage } from "../harness/lab.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { type InnerImages, innerImages, prints } from "../inner-docker/images.js";
import { buildSystem, linesOf, newVolume, root } from "./fixture.js";

const version = "5.8";

describe(`a store that Podman ${version} has used`, () => {
  let images: InnerImages;
  /** System images: none inside; `one`, and `two`, which stands on it; `one` and `index`. */
  let [plain, first, second] = ["", "", ""];

  before(async () => {
    images = await innerImages();
    const { one, two, index } = images;
    plain = await buildSystem(version, "plain", []);
    first = await buildSystem(version, "first", [one.reference, two.reference]);
    second = await buildSystem(version, "second", [one.reference, index.reference]);
  });
  after(cleanUp);

  async function start(image: string, volume: string, env: Record<string, string> = {}) {
    const args = ["--volume", `${volume}:/var/lib/containers`];
    return SystemContainer.start(image, { daemon: "podman", network: "bridge", args, env });
  }

  async function list(container: SystemContainer): Promise<string[]> {
    const format = "{{.Repository}}:{{.Tag}} {{.ID}}";
    const printed = await container.exec("podman", "images", "--no-trunc", "--format", format);
    return linesOf(printed).sort();
  }

  const line = ({ reference, imageId }: RegistryImage): string => `${reference} ${imageId}`;
  const run = (container: SystemContainer, image: string): Promise<string> =>
    container.exec("podman", "run", "--rm", "--network", "none", image);

  it("its own images stay, with their names; ours come beside them", async () => {
    const { one, two, three, index, busybox } = images;
    const volume = await newVolume();
    const before = await start(plain, volume);
    await before.exec("podman", "pull", "--quiet", index.reference);
    await before.exec("podman", "pull", "--quiet", three.reference);
    // The user's own image by the name of one of ours.
    await before.exec("podman", "pull", "--quiet", busybox.reference);
    await before.exec("podman", "tag", busybox.reference, one.reference);
    await before.exec("podman", "create", "--name", "kept", index.reference);
    await before.remove();
    const container = await start(first, volume);
    const users = [`${busybox.reference} ${busybox.imageId}`, `${one.reference} ${busybox.imageId}`];
    const expected = [...users, `<none>:<none> ${one.imageId}`, line(two), line(three), line(index)];
    assert.deepEqual(await list(container), expected.sort());
    assert.equal(await run(container, two.reference), prints.two);
    assert.equal(await run(container, three.reference), prints.three);
    assert.equal(await run(container, one.imageId), prints.one);
    assert.equal(await container.exec("podman", "start", "--attach", "kept"), prints.index);
    const check = await container.try("podman", "system", "check");
    assert.equal(check.stdout + check.stderr, "");
  });

  it("many commands that start at once attach once, and all of them see the images", async () => {
    const container = await SystemContainer.start(first, { daemon: "podman" });
    const many =
      "for i in 1 2 3 4 5 6 7 8; do podman images --quiet >/tmp/$i 2>&1 & done; wait; cat /tmp/[1-8]";
    const printed = linesOf(await container.exec("sh", "-c", many));
    assert.equal(printed.filter((text) => text.startsWith("larder: attached 2 images")).length, 1);
    const ids = printed.filter((text) => !text.startsWith("larder: "));
    assert.equal(ids.length, 16, printed.join("\n"));
    assert.equal(await run(container, images.one.reference), prints.one);
  });

  it("another system image takes its images away and brings its own, and the first one has its own again", async () => {
    const { one, two, index } = images;
    const volume = await newVolume();
    const a = await start(first, volume);
    assert.deepEqual(await list(a), [line(one), line(two)].sort());
    // The user's own, on an image that the other one does not have.
    await a.exec("podman", "create", "--name", "kept", "--network", "none", two.reference);
    const touch = ["--name", "changed", "--network", "none", "--entrypoint", "touch", two.reference, "/own"];
    await a.exec("podman", "run", ...touch);
    await a.exec("podman", "commit", "--quiet", "changed", "localhost/own:1");
    await a.remove();
    const b = await start(second, volume);
    assert.deepEqual(await list(b), [line(one), line(index)].sort());
    for (const [image, text] of [
      [one, prints.one],
      [index, prints.index],
    ] as const)
      assert.equal(await run(b, image.reference), text);
    await b.exec("podman", "pull", "--quiet", two.reference);
    assert.equal(await run(b, two.reference), prints.two);
    await b.remove();
    const again = await start(first, volume);
    const own = (await list(again)).filter((text) => text.startsWith("localhost/own:1 "));
    assert.equal(own.length, 1);
    assert.deepEqual(await list(again), [line(one), line(two), ...own].sort());
    const look = ["run", "--rm", "--network", "none", "--entrypoint", "ls", "localhost/own:1", "/own"];
    assert.equal(await again.exec("podman", ...look), "/own\n");
    assert.equal(await again.exec("podman", "start", "--attach", "kept"), prints.two);
    assert.equal(await run(again, two.reference), prints.two);
    assert.equal(await run(again, one.reference), prints.one);
  });

  it("what is lost when it is copied is made again", async () => {
    const { one, two } = images;
    const volume = await newVolume();
    const container = await start(first, volume);
    await list(container);
    const lose = `find ${root}/overlay -type c -delete && cd ${root}/overlay && rm -r l/* && rm */lower-layers`;
    await container.exec("sh", "-c", lose);
    await container.restart();
    const { stdout, stderr } = await container.try("podman", "images", "--quiet");
    assert.equal(linesOf(stdout).length, 2);
    assert.match(
      stderr,
      /^larder: had attached 2 images \(\d+ layers\) to \S+ before, and mended \d+ layers\n$/,
    );
    assert.equal(await run(container, one.reference), prints.one);
    assert.equal(await run(container, two.reference), prints.two);
  });

  it("LARDER_ATTACH=copy needs nothing of the shelf, and off attaches nothing", async () => {
    const { one, two } = images;
    const volume = await newVolume();
    const copied = await start(first, volume, { LARDER_ATTACH: "copy" });
    const said = (await copied.try("podman", "images", "--quiet")).stderr;
    assert.match(said, /^larder: attached 2 images \(\d+ layers\) to \S+ by copy in /);
    await copied.remove();
    const elsewhere = await start(plain, volume);
    assert.deepEqual(await list(elsewhere), [line(one), line(two)].sort());
    assert.equal(await run(elsewhere, one.reference), prints.one);
    assert.equal(await run(elsewhere, two.reference), prints.two);
    const links = await elsewhere.exec("find", root, "-lname", "/usr/lib/larder/*");
    assert.equal(links, "");
    await elsewhere.remove();
    const off = await SystemContainer.start(first, { daemon: "podman", env: { LARDER_ATTACH: "off" } });
    assert.deepEqual(await list(off), []);
  });

  it("buildah and skopeo attach, too", async () => {
    const { one } = images;
    const byBuildah = await SystemContainer.start(first, { daemon: "podman" });
    assert.match(await byBuildah.exec("buildah", "images"), /inner-one/);
    const bySkopeo = await SystemContainer.start(first, { daemon: "podman" });
    const inspect = ["inspect", "--format", "{{.Digest}}", `containers-storage:${one.reference}`];
    assert.equal((await bySkopeo.exec("skopeo", ...inspect)).trim(), one.digest);
  });

  it("a user without rights is told once why the images are not in the user's own store", async () => {
    const container = await SystemContainer.start(first, { daemon: "podman" });
    const user = ["su", "--login", "someone", "--shell", "/bin/sh", "--command"];
    await container.exec("useradd", "--create-home", "someone");
    const { stderr } = await container.try(...user, "podman images");
    assert.match(
      stderr,
      /^larder: the images of PRELOAD are in the store of root's Podman: .*run it as root to have them$/m,
    );
    const again = await container.try(...user, "podman images");
    assert.doesNotMatch(again.stderr, /larder/);
    assert.equal((await container.exec("podman", "images", "--quiet")).trim().split("\n").length, 2);
  });

  it("a registry's image that is newer than the preloaded one replaces it", async () => {
    const { one, busybox } = images;
    const container = await SystemContainer.start(first, { daemon: "podman", network: "bridge" });
    await container.exec("podman", "pull", "--quiet", labImage("busybox:1"));
    await container.exec("podman", "tag", busybox.imageId, one.reference);
    await container.restart();
    const [found] = linesOf(await container.exec("podman", "images", "--quiet", "--no-trunc", one.reference));
    assert.equal(found, busybox.imageId);
  });
});
