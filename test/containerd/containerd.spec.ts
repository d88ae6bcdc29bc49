import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { until } from "../harness/command.js";
import { labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages, innerImages, prints } from "../inner-docker/images.js";
import { downloads, knowsOtherName, otherRegistry, RegistryProxy } from "../inner-docker/registry-proxy.js";
import { buildSystem, checkImages, kubernetes, lines, listBlobs, listImages, runImage } from "./fixture.js";

const root = "/var/lib/containerd";
const blobFiles = `${root}/io.containerd.content.v1.content/blobs/sha256`;
const snapshotDirectories = `${root}/io.containerd.snapshotter.v1.overlayfs/snapshots`;

/** These tests run in order: an image that one removes is gone for the next. */
describe("containerd 2.1: a preloaded image is as if it had been pulled", () => {
  let images: InnerImages;
  let container: SystemContainer;
  let proxy: RegistryProxy;
  before(async () => {
    images = await innerImages();
    proxy = await RegistryProxy.start();
    container = await SystemContainer.start(await buildSystem("2.1", images), {
      daemon: "containerd",
      network: "bridge",
      args: knowsOtherName,
      env: { HTTP_PROXY: proxy.address },
    });
  });
  after(cleanUp);

  it("attach reports its work", async () => {
    const { one, two, index, busybox } = images;
    const chains = [one, two, index, busybox].flatMap(({ diffIds }) =>
      diffIds.map((_, length) => diffIds.slice(0, length + 1).join()),
    );
    const said = (await container.logs()).split("\n").filter((line) => line.startsWith("larder:"));
    const layers = new Set(chains.map((chain) => chain.split(",").at(-1))).size;
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(
      said[0] ?? "",
      new RegExp(`^larder: attached 5 images \\(${layers} layers\\) to ${root} by link in \\d\\.\\d\\d s$`),
    );
  });

  it("the default namespace has a name for each image, and no labels", async () => {
    const { one, two, index } = images;
    const expected = [index, one, two].map(({ reference, digest }) => ({
      name: reference,
      digest,
      labels: "-",
    }));
    assert.deepEqual(await listImages(container, "default"), expected);
  });

  it("k8s.io has the names and labels that CRI gives", async () => {
    const { two, busybox } = images;
    const labels = "io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned";
    const names = [byDigest(busybox), two.reference, byDigest(two), busybox.imageId, two.imageId];
    const found = await listImages(container, kubernetes);
    assert.deepEqual(new Set(found.map(({ name }) => name)), new Set(names));
    for (const { name, digest, labels: own } of found) {
      const image = [byDigest(busybox), busybox.imageId].includes(name) ? busybox : two;
      assert.deepEqual({ name, digest, labels: own }, { name, digest: image.digest, labels });
    }
  });

  it("all content is there, and with --blobs=never all but the layers", async () => {
    const { one, two, index, busybox } = images;
    assert.deepEqual(await checkImages(container, "default"), {
      [one.reference]: "complete, unpacked true",
      [two.reference]: "complete, unpacked true",
      [index.reference]: "complete, unpacked true",
    });
    assert.deepEqual(await listBlobs(container, "default"), allBlobs(one, two, index));
    const checked = Object.values(await checkImages(container, kubernetes));
    assert.deepEqual(
      checked,
      checked.map(() => "incomplete, unpacked true"),
    );
    assert.deepEqual(await listBlobs(container, kubernetes), metadata(two, busybox));
  });

  it("blobs have the labels of a pull, and nothing depends on a lease", async () => {
    const { index } = images;
    await container.ctr("pulled", "images", "pull", "--plain-http", index.reference);
    const labelsOf = async (namespace: string) => {
      const found = new Map<string, string[]>();
      for (const line of (await lines(container.ctr(namespace, "content", "ls"))).slice(1)) {
        const [digest = "", ...words] = line.split(/\s+/);
        // The label names more than one repository if several images have the blob.
        const labels = (words.at(-1) ?? "")
          .split(",")
          .filter((label) => /^containerd\.io\/(gc|uncomp)/.test(label));
        found.set(digest, labels.sort());
      }
      return allBlobs(index).map((digest) => [digest, found.get(digest)] as const);
    };
    const pulled = await labelsOf("pulled");
    assert.ok(
      pulled.some(([, labels]) => labels?.some((label) => label.includes("gc.ref.snapshot.overlayfs"))),
      "a pull gives labels",
    );
    assert.deepEqual(await labelsOf("default"), pulled);
    for (const namespace of ["default", kubernetes])
      assert.deepEqual((await lines(container.ctr(namespace, "leases", "ls"))).slice(1), []);
  });

  it("runs by each name", async () => {
    const { one, two, index, busybox } = images;
    assert.equal(await runImage(container, "default", one.reference), prints.one);
    assert.equal(await runImage(container, "default", two.reference), prints.two);
    assert.equal(await runImage(container, "default", index.reference), prints.index);
    for (const name of [two.reference, byDigest(two), two.imageId])
      assert.equal(await runImage(container, kubernetes, name), prints.two);
    assert.equal(
      await runImage(container, kubernetes, byDigest(busybox), "echo", "by digest"),
      "by digest\n",
    );
  });

  it("a pull downloads nothing that is there, and only the new layers of an image based on it", async () => {
    const { one, two, three } = images;
    await proxy.requests();
    for (const [namespace, image] of [
      ["default", one],
      ["default", two],
      [kubernetes, two],
    ] as const)
      await container.ctr(namespace, "images", "pull", "--plain-http", image.reference);
    const requests = await proxy.requests();
    assert.ok(
      requests.some((line) => line.includes("/manifests/")),
      "the proxy saw requests",
    );
    assert.deepEqual(downloads(requests), []);
    for (const namespace of [kubernetes, "default"]) {
      await container.ctr(namespace, "images", "pull", "--plain-http", three.reference);
      assert.equal(await runImage(container, namespace, three.reference), prints.three);
    }
    const fetched = downloads(await proxy.requests());
    assert.deepEqual(new Set(fetched), new Set([three.imageId, three.blobs.at(-1)]));
  });

  it("an export is complete: another namespace imports and runs it", async () => {
    const { one, index } = images;
    await container.ctr("default", "images", "export", "/exported.tar", one.reference, index.reference);
    const names = (await container.exec("tar", "-tf", "/exported.tar")).split("\n");
    const blobs = names.flatMap((name) => /^blobs\/sha256\/(.{64})$/.exec(name)?.[1] ?? []);
    assert.deepEqual(blobs.map((hex) => `sha256:${hex}`).sort(), allBlobs(one, index));
    await container.ctr("imported", "images", "import", "/exported.tar");
    assert.equal(await runImage(container, "imported", one.reference), prints.one);
    assert.equal(await runImage(container, "imported", index.reference), prints.index);
  });

  it("a push to another registry sends manifest and blobs unchanged", async () => {
    const { two } = images;
    const repository = `e2e/pushed-${Date.now().toString(36)}/containerd:1`;
    const name = `${otherRegistry}/${repository}`;
    await container.ctr("default", "images", "push", "--plain-http", name, two.reference);
    const { digest, imageId, blobs } = await registryImage(labImage(repository));
    assert.deepEqual(
      { digest, imageId, blobs },
      { digest: two.digest, imageId: two.imageId, blobs: two.blobs },
    );
  });

  it("images without blobs still run when nothing refers to the blobs any more", async () => {
    const { one, two } = images;
    const shelf = await listShelf();
    await removeNamespaces("imported", "pulled");
    for (const namespace of ["default", kubernetes])
      await container.ctr(namespace, "content", "prune", "references");
    assert.equal((await checkImages(container, "default"))[one.reference], "incomplete, unpacked true");
    await until("the garbage collection takes the layers' blobs", async () =>
      (await blobsOnDisk()).every((digest) => !one.blobs.includes(digest)),
    );
    assert.equal(await runImage(container, "default", one.reference), prints.one);
    assert.equal(await runImage(container, kubernetes, two.reference), prints.two);
    assert.equal(await listShelf(), shelf, "the shelf is as it was");
  });

  it("a removed image is gone from the root, and nothing else", async () => {
    const { two, busybox } = images;
    const shelf = await listShelf();
    await removeNamespaces("default");
    const { three } = images;
    await container.ctr(kubernetes, "images", "rm", "--sync", three.reference, three.imageId);
    assert.deepEqual(await blobsOnDisk(), metadata(two, busybox));
    const whiteouts =
      (await container.ctr(kubernetes, "snapshots", "ls")).match(/^larder-whiteouts-/gm) ?? [];
    assert.ok(whiteouts.length > 0, "some layer of the image hides something");
    const left = await lines(container.exec("ls", snapshotDirectories));
    assert.equal(left.length, two.diffIds.length + whiteouts.length);
    assert.equal(await listShelf(), shelf, "the shelf is as it was");
  });

  it("a restart keeps the other images, and brings nothing back", async () => {
    const { two } = images;
    await container.restart();
    assert.match(await container.logs(), /^larder: had attached 5 images .* before$/m);
    assert.deepEqual(await listImages(container, "default"), []);
    assert.equal((await listImages(container, kubernetes)).length, 5);
    assert.equal(await runImage(container, kubernetes, two.reference), prints.two);
  });

  async function removeNamespaces(...namespaces: string[]): Promise<void> {
    for (const namespace of namespaces) {
      const names = (await listImages(container, namespace)).map(({ name }) => name);
      await container.ctr(namespace, "images", "rm", "--sync", ...names);
    }
  }

  async function blobsOnDisk(): Promise<string[]> {
    return (await lines(container.exec("ls", blobFiles))).map((hex) => `sha256:${hex}`).sort();
  }

  function listShelf(): Promise<string> {
    const program = String.raw`find /usr/lib/larder -printf '%p %y %m %s %T@ %n %l\n' | sort`;
    return container.exec("sh", "-c", program);
  }
});

/** Sorted digests of the blobs that a store keeps without layers' blobs. */
function metadata(...images: readonly RegistryImage[]): string[] {
  return [
    ...new Set(images.flatMap(({ digest, manifestDigest, imageId }) => [digest, manifestDigest, imageId])),
  ].sort();
}

function allBlobs(...images: readonly RegistryImage[]): string[] {
  return [...new Set([...metadata(...images), ...images.flatMap(({ blobs }) => blobs)])].sort();
}
