import assert from "node:assert/strict";
import { labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import type { SystemContainer } from "../harness/system-container.js";
import { prints } from "./images.js";
import { downloads, mounts, otherRegistry, uploads } from "./registry-proxy.js";
import { type SavedImage, saveImages, transfer } from "./saved-image.js";
import type { InnerSystem, Running } from "./systems.js";

/** Each run has its own repositories: Docker does not push a blob that the registry has. */
const run = `e2e/pushed-${Date.now().toString(36)}`;

/** Archives, pulls and pushes. */
export function canBeTransferred({ version, store }: InnerSystem, running: () => Running): void {
  it("docker save writes each layer byte for byte, and another Docker loads it", async () => {
    const { images, preloaded, plain } = running();
    const { one, two, index, python, busybox } = images;
    const names = [one.reference, two.reference, index.reference, python.reference, store.idOf(busybox)];
    const expected: SavedImage[] = [one, two, index, python, busybox].map((image) => ({
      tags: image === busybox ? [] : [image.reference],
      imageId: image.imageId,
      layers: store.savedLayers(image),
    }));
    const sorted = (list: SavedImage[]) => list.sort((a, b) => (a.imageId < b.imageId ? -1 : 1));
    assert.deepEqual(sorted(await saveImages(preloaded, ...names)), sorted(expected));
    await plain.inner("rmi", "--force", one.reference, two.reference, index.reference);
    await transfer(preloaded, plain, one.reference, two.reference, index.reference);
    for (const image of [one, two, index]) {
      const id = await plain.inner("image", "inspect", "--format", "{{.Id}}", image.reference);
      assert.equal(id.trim(), store.idOf(image));
    }
    assert.equal(await plain.inner("run", "--rm", "--network", "none", two.reference), prints.two);
  });

  it("docker pull downloads nothing that is there", async () => {
    const { images, preloaded, proxy } = running();
    await proxy.requests();
    for (const { reference, digest } of [images.one, images.two, images.index, images.python]) {
      const said = await preloaded.inner("pull", reference);
      assert.match(said, /Status: Image is up to date/);
      assert.ok(said.includes(`Digest: ${digest}`), said);
    }
    const requests = await proxy.requests();
    const manifests = requests.filter((line) => line.includes("/manifests/"));
    assert.ok(manifests.length >= 2, `the proxy saw ${requests.length} requests:\n${requests.join("\n")}`);
    assert.deepEqual(downloads(requests), []);
  });

  it("docker pull of an image based on one downloads only the new layers", async () => {
    const { images, preloaded, proxy } = running();
    const { two, three } = images;
    const said = await preloaded.inner("pull", three.reference);
    // With images in containerd, Docker does not print it.
    const existing = store.name === "overlay2" ? two.blobs.length : undefined;
    assert.equal(said.match(/: Already exists/g)?.length, existing, said);
    const fetched = downloads(await proxy.requests());
    assert.deepEqual(new Set(fetched), new Set([three.imageId, three.blobs.at(-1)]));
    assert.equal(await preloaded.inner("run", "--rm", "--network", "none", three.reference), prints.three);
    const [saved] = await saveImages(preloaded, three.reference);
    assert.deepEqual(saved?.layers, store.savedLayers(three));
  });

  it("docker push into another repository of the registry sends no layer", async () => {
    const { images, preloaded, proxy } = running();
    const { one } = images;
    const name = labImage(`${run}/${store.name}-${version}:1`);
    await preloaded.inner("tag", one.reference, name);
    await proxy.requests();
    await push(preloaded, name);
    const requests = await proxy.requests();
    const mounted = mounts(requests).filter((digest) => digest !== one.imageId);
    assert.deepEqual(new Set(mounted), new Set(one.blobs), "layers that are in the registry already");
    assert.deepEqual(
      uploads(requests).filter((digest) => one.blobs.includes(digest)),
      [],
    );
    await assertPushed(name);
    await preloaded.inner("rmi", name);
  });

  if (store.name === "containerd") {
    it("docker push to another registry sends exactly the image's blobs", async () => {
      const { images, preloaded, proxy } = running();
      const { one } = images;
      const repository = `${run}/elsewhere-${version}:1`;
      const name = `${otherRegistry}/${repository}`;
      await preloaded.inner("tag", one.reference, name);
      await proxy.requests();
      await push(preloaded, name);
      assert.deepEqual(new Set(uploads(await proxy.requests())), new Set([one.imageId, ...one.blobs]));
      await assertPushed(labImage(repository));
      await preloaded.inner("rmi", name);
    });
  }

  /** Asserts that the registry has `one` by this name. Docker with a graph driver writes another manifest. */
  async function assertPushed(name: string): Promise<void> {
    const { one } = running().images;
    const { imageId, blobs, digest } = await registryImage(name);
    assert.deepEqual({ imageId, blobs }, { imageId: one.imageId, blobs: one.blobs });
    if (store.name === "containerd") assert.equal(digest, one.digest);
  }
}

/** Docker gives a registry 15 s for its first answer, and a busy machine may take longer. */
async function push(container: SystemContainer, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await container.inner("push", name);
      return;
    } catch (error) {
      if (attempt === 3 || !/Client\.Timeout exceeded/.test(String(error))) throw error;
    }
  }
}
