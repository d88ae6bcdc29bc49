import assert from "node:assert/strict";
import { hexOf } from "../../src/image/digest.js";
import { until } from "../harness/command.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { byDigest, prints } from "./images.js";
import { downloads } from "./registry-proxy.js";
import type { InnerSystem, Running } from "./systems.js";

const root = "/var/lib/docker/containerd/daemon";
const blobs = `${root}/io.containerd.content.v1.content/blobs/sha256`;
const snapshots = `${root}/io.containerd.snapshotter.v1.overlayfs/snapshots`;

/** These tests run in order: an image that one removes is gone for the next. */
export function canBeRemoved({ store }: InnerSystem, running: () => Running): void {
  let shelf = "";

  it("docker rmi removes the named image, and the daemon continues to work", async () => {
    const { one, two, three, index, busybox } = running().images;
    shelf = await listShelf();
    const built = ["built:1", ...((await has("built:2")) ? ["built:2"] : [])];
    await inner("rmi", "--force", ...built);
    await inner("builder", "prune", "--all", "--force");
    await inner("rmi", three.reference, two.reference, index.reference);
    assert.equal(await has(two.reference), false, `${two.reference} is gone by its tag`);
    // Docker removes the digest together with the last tag of its repository.
    assert.equal(await has(store.idOf(two)), false, "and by its ID and digest");
    assert.match(await inner("rmi", "--force", store.idOf(one)), /^Deleted: sha256:/m);
    assert.equal(await has(store.idOf(one)), false);
    const run = ["run", "--rm", "--pull", "never", "--network", "none"];
    assert.equal((await running().preloaded.try("docker", ...run, one.reference)).status, 125);
    assert.equal(await inner(...run, byDigest(busybox), "echo", "still here"), "still here\n");
  });

  it("the shelf is unchanged", async () => {
    assert.equal(await listShelf(), shelf);
  });

  // In the other store, `docker save` keeps layers for ever, both pulled and preloaded ones (moby 28.5).
  if (store.name === "containerd") {
    it("the garbage collection has removed blobs and snapshots that no image needs", async () => {
      const { one, two, index, python, busybox } = running().images;
      const layers = new Set([python, busybox].flatMap(({ diffIds }) => diffIds)).size;
      await until(`there are ${layers} snapshots`, async () => (await list(snapshots)).length === layers);
      const present = new Set(await list(blobs));
      const kept = [python, busybox].flatMap(blobsOf);
      assert.deepEqual(
        kept.filter((hex) => !present.has(hex)),
        [],
      );
      // Each builder keeps its own blobs.
      const removed = [one, two, index].flatMap(blobsOf).filter((hex) => !kept.includes(hex));
      assert.deepEqual(
        removed.filter((hex) => present.has(hex)),
        [],
      );
    });
  }

  it("removed images can be pulled again", async () => {
    const { images, proxy } = running();
    const { two } = images;
    await proxy.requests();
    await inner("pull", two.reference);
    assert.equal(await inner("run", "--rm", "--network", "none", two.reference), prints.two);
    assert.ok(downloads(await proxy.requests()).includes(two.blobs.at(-1) ?? ""), "it was downloaded");
  });

  it("a restart brings nothing back", async () => {
    const { images, preloaded } = running();
    const { one, two, python, busybox } = images;
    await inner("rmi", byDigest(busybox));
    await preloaded.restart();
    assert.equal(await has(store.idOf(busybox)), false);
    assert.equal(await has(one.reference), false);
    assert.equal(await inner("run", "--rm", "--network", "none", two.reference), prints.two);
    const version = ["run", "--rm", "--network", "none", python.reference, "python3", "-c", "print(6 * 7)"];
    assert.equal(await inner(...version), "42\n");
  });

  function inner(...args: string[]): Promise<string> {
    return running().preloaded.inner(...args);
  }

  async function has(name: string): Promise<boolean> {
    return (await running().preloaded.try("docker", "image", "inspect", name)).status === 0;
  }

  async function list(directory: string): Promise<string[]> {
    return (await running().preloaded.exec("ls", directory)).split("\n").filter((name) => name !== "");
  }

  function listShelf(): Promise<string> {
    const program = String.raw`find /usr/lib/larder -printf '%p %y %m %s %T@ %n %l\n' | sort`;
    return running().preloaded.exec("sh", "-c", program);
  }
}

/** Names of files in the content store. */
function blobsOf({ digest, manifestDigest, imageId, blobs }: RegistryImage): string[] {
  return [digest, manifestDigest, imageId, ...blobs].map(hexOf);
}
