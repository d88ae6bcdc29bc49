import assert from "node:assert/strict";
import { skip } from "../../src/testing.js";
import { pushHandMade } from "../exact-files/hand-made.js";
import { assertSame, withoutImpliedTimes } from "../exact-files/same.js";
import { cleanUp } from "../harness/cleanup.js";
import { labImage, podmanVersions } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages, innerImages, prints } from "../inner-docker/images.js";
import { downloads, knowsOtherName, otherRegistry, RegistryProxy } from "../inner-docker/registry-proxy.js";
import { buildSystem, linesOf, listMounted, listShelf, PulledStore, root } from "./fixture.js";
import { documentsOf, recordsOf, tarRecordsOf } from "./records.js";

/** These tests run in order: an image that one removes is gone for the next. */
for (const version of podmanVersions) {
  describe(`Podman ${version}: a preloaded image is as if it had been pulled`, () => {
    let images: InnerImages;
    let odd: RegistryImage;
    let handMade: RegistryImage;
    let container: SystemContainer;
    let pulled: PulledStore;
    let proxy: RegistryProxy;
    let names: string[];
    const podman = (...args: string[]): Promise<string> => container.exec("podman", ...args);
    const run = (image: string): Promise<string> => podman("run", "--rm", "--network", "none", image);

    before(async () => {
      images = await innerImages();
      odd = await pushInnerImage("odd", new URL("../exact-files/Dockerfile", import.meta.url));
      handMade = await pushHandMade();
      proxy = await RegistryProxy.start();
      const { one, two, index, busybox } = images;
      names = [one, two, index, odd, handMade].map(({ reference }) => reference);
      names.push(byDigest(busybox));
      container = await SystemContainer.start(await buildSystem(version, "store", names), {
        daemon: "podman",
        network: "bridge",
        args: knowsOtherName,
        env: { HTTP_PROXY: proxy.address },
      });
      pulled = new PulledStore(container);
    });
    after(cleanUp);

    it("the first command says what attach did, and the next ones say nothing", async () => {
      const first = await container.try("podman", "images", "--quiet");
      assert.match(
        first.stderr,
        /^larder: attached 6 images \(\d+ layers\) to \/var\/lib\/containers\/storage by link in \d\.\d\d s\n$/,
      );
      const second = await container.try("podman", "images", "--quiet");
      assert.equal(second.stderr, "");
      assert.equal(second.stdout, first.stdout);
    });

    it("a container costs less than 1 MB", async () => {
      const bytes = await container.written();
      assert.ok(bytes < 1_000_000, `${bytes} bytes`);
    });

    it("is listed as one that this Podman pulls", async () => {
      for (const name of names) await pulled.podman("pull", "--quiet", name);
      const list = ["images", "--digests", "--no-trunc", "--format"];
      const format = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}} {{.Size}}";
      const [own, theirs] = [await podman(...list, format), await pulled.podman(...list, format)];
      assert.equal(linesOf(own).length, 6);
      assert.deepEqual(linesOf(own).sort(), linesOf(theirs).sort());
      const inspect = ["image", "inspect", "--format", "{{.RepoDigests}} {{.RepoTags}} {{.RootFS.Layers}}"];
      for (const name of names)
        assert.equal(await podman(...inspect, name), await pulled.podman(...inspect, name));
    });

    it("has the records that this Podman writes", async () => {
      for (const what of ["layers", "images"] as const) {
        const [own, theirs] = [
          await recordsOf(container, root, what),
          await recordsOf(container, pulled.root, what),
        ];
        // Its config says no time.
        for (const records of [own, theirs])
          delete records.get(handMade.imageId.slice("sha256:".length))?.created;
        assert.deepEqual(own, theirs);
      }
      assert.deepEqual(await documentsOf(container, root), await documentsOf(container, pulled.root));
      // Podman 4 cuts the bytes between files into other pieces; what it makes of ours, the saved archive tells.
      if (version !== "4.3")
        assert.deepEqual(await tarRecordsOf(container, root), await tarRecordsOf(container, pulled.root));
    });

    it("has exactly the files that this Podman unpacks", async () => {
      for (const { reference } of [odd, handMade]) {
        const own = await listMounted(container, podman, reference);
        const theirs = await listMounted(container, (...args) => pulled.podman(...args), reference);
        assert.ok(own.size > 10, `${own.size} files`);
        // A layer without an entry for the root gets one like Docker's.
        for (const files of [own, theirs]) (files as Map<string, string>).delete("");
        assertSame(withoutImpliedTimes(own), withoutImpliedTimes(theirs));
      }
    });

    it("runs by each name", async () => {
      const { one, two, index, busybox } = images;
      assert.equal(await run(one.reference), prints.one);
      assert.equal(await run(byDigest(two)), prints.two);
      assert.equal(await run(index.reference), prints.index);
      assert.equal(await podman("run", "--rm", "--network", "none", busybox.imageId, "echo", "x"), "x\n");
    });

    it("a pull downloads nothing that is there, and only the new layer of an image based on it", async () => {
      const { one, two, three, index } = images;
      await proxy.requests();
      for (const { reference } of [one, two, index]) await podman("pull", "--quiet", reference);
      const requests = await proxy.requests();
      assert.ok(
        requests.some((line) => line.includes("/manifests/")),
        "the proxy saw requests",
      );
      const layers = [one, two, index].flatMap(({ blobs }) => blobs);
      assert.deepEqual(
        downloads(requests).filter((digest) => layers.includes(digest)),
        [],
      );
      await podman("pull", "--quiet", three.reference);
      assert.equal(await run(three.reference), prints.three);
      const fetched = downloads(await proxy.requests()).filter((digest) => digest !== three.imageId);
      assert.deepEqual(fetched, [three.blobs.at(-1)]);
    });

    it("a saved archive has each layer byte for byte, and another store loads it", async () => {
      const { one } = images;
      await podman("save", "--quiet", "--output", "/saved.tar", one.reference);
      const saved = linesOf(await container.exec("tar", "-tf", "/saved.tar"));
      const layers = saved.filter((name) => /^[0-9a-f]{64}\.tar$/.test(name));
      const expected = new Set(one.diffIds.map((diffId) => `${diffId.slice("sha256:".length)}.tar`));
      assert.deepEqual(layers.sort(), [...expected].sort());
      const sums = await container.exec(
        "sh",
        "-c",
        "mkdir /saved && cd /saved && tar -xf /saved.tar && sha256sum *.tar",
      );
      for (const line of linesOf(sums)) assert.equal(`${line.slice(0, 64)}.tar`, line.split(/\s+/)[1]);
      await pulled.podman("rmi", "--force", one.reference);
      await pulled.podman("load", "--quiet", "--input", "/saved.tar");
      const loaded = await pulled.podman("images", "--quiet", "--no-trunc", one.reference);
      assert.equal(loaded.trim(), one.imageId);
    });

    it("a push to another registry sends config and layers that unpack to the same", async () => {
      const { two } = images;
      const repository = `e2e/pushed-${Date.now().toString(36)}/podman-${version}:1`;
      await podman("push", "--quiet", two.reference, `${otherRegistry}/${repository}`);
      const { imageId, diffIds } = await registryImage(labImage(repository));
      assert.deepEqual({ imageId, diffIds }, { imageId: two.imageId, diffIds: two.diffIds });
    });

    it("is built on, committed, and compared", async () => {
      const { two } = images;
      const build = `FROM ${two.reference}\nCOPY added /\n`;
      await container.exec(
        "sh",
        "-c",
        `mkdir /context && echo added >/context/added && printf '${build}' >/context/Dockerfile`,
      );
      await container.exec("buildah", "build", "--quiet", "--tag", "localhost/built", "/context");
      assert.equal(await run("localhost/built"), prints.two);
      const change = ["--name", "changed", "--network", "none", "--entrypoint", "touch"];
      await podman("run", ...change, two.reference, "/changed");
      assert.match(await podman("diff", "changed"), /^A \/changed$/m);
      await podman("commit", "--quiet", "changed", "localhost/committed");
      const look = ["run", "--rm", "--network", "none", "--entrypoint", "ls"];
      assert.equal(await podman(...look, "localhost/committed", "/changed"), "/changed\n");
      await podman("rm", "changed");
    });

    it("is whole for Podman's own check", async function () {
      if (version === "4.3") skip(this, "Podman 4.3 has none");
      // Its tars have entries twice, which the check does not expect of any store.
      await podman("rmi", handMade.reference);
      const { status, stdout, stderr } = await container.try("podman", "system", "check");
      assert.equal(status, 0, stdout + stderr);
      assert.equal(stdout + stderr, "");
    });

    it("a removed image is gone from the store, and nothing else", async () => {
      const { one, two, index } = images;
      const shelf = await listShelf(container);
      await podman(
        "rmi",
        "--force",
        "localhost/built",
        "localhost/committed",
        odd.reference,
        images.three.reference,
      );
      await podman("rmi", one.reference);
      assert.equal(await run(two.reference), prints.two);
      await podman("image", "prune", "--all", "--force");
      assert.deepEqual(linesOf(await podman("images", "--quiet")), []);
      const left = linesOf(await container.exec("ls", `${root}/overlay`));
      assert.deepEqual(
        left.filter((name) => name !== "l" && name !== "tempdirs"),
        [],
      );
      assert.equal(await listShelf(container), shelf, "the shelf is as it was");
      await podman("pull", "--quiet", index.reference);
      assert.equal(await run(index.reference), prints.index);
    });

    it("a restart brings nothing back, and says nothing", async () => {
      const { index } = images;
      await container.restart();
      const { stdout, stderr } = await container.try(
        "podman",
        "images",
        "--format",
        "{{.Repository}}:{{.Tag}}",
      );
      assert.deepEqual(linesOf(stdout), [index.reference]);
      assert.equal(stderr, "");
      assert.equal(await run(index.reference), prints.index);
    });
  });
}
