import assert from "node:assert/strict";
import { innerImage, newVolume, pushTarget } from "../attach/fixture.js";
import { build } from "../harness/build.js";
import { containerdVersions, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { Cri } from "./cri.js";
import { criFiles } from "./cri-files.js";

const images = [labImage("pause:3"), innerImage("odd"), labImage("redis:latest")] as const;
const odd = images[1];
const nodeOf = (version: string) => `FROM ${labImage(`containerd:${version}`)}\nCOPY etc /etc\n`;

/** A node that has no part of Larder and reaches the registry. */
async function plainNode(version: string, args: readonly string[] = []): Promise<SystemContainer> {
  const tag = `e2e-cri:${version}`;
  await build({ larder: false, allowInsecure: false, tag, dockerfile: nodeOf(version), files: criFiles });
  return SystemContainer.start(tag, { daemon: "containerd", network: "bridge", args });
}

for (const version of containerdVersions) {
  describe(`Kubernetes: images in the namespace k8s.io of containerd ${version}`, () => {
    let container: SystemContainer;
    let cri: Cri;

    before(async () => {
      await pushTarget("odd");
      const tag = `e2e-kubernetes:${version}`;
      const preload = `PRELOAD --namespace=k8s.io --blobs=never ${images.join(" ")}\n`;
      await build({ tag, dockerfile: nodeOf(version) + preload, files: criFiles });
      container = await SystemContainer.start(tag, { daemon: "containerd" });
      cri = await Cri.open(container);
    });
    after(async () => {
      cri?.close();
      await container?.remove();
    });

    it("are listed by their tags, and spared by the kubelet's garbage collection", async () => {
      const listed = await cri.images();
      assert.deepEqual(listed.flatMap(({ repo_tags }) => repo_tags).sort(), [...images].sort());
      assert.ok(
        listed.every(({ pinned }) => pinned || version === "1.6"),
        "pinned, which 1.6 does not know",
      );
    });

    it("are found by tag, digest and ID, so that the kubelet does not pull them", async () => {
      const { digest, imageId } = await registryImage(odd);
      for (const reference of [odd, `${innerImage("odd", "").slice(0, -1)}@${digest}`, imageId]) {
        assert.equal((await cri.image(reference))?.id, imageId, reference);
      }
    });

    it("come beside images that the node has pulled before, on a volume", async () => {
      const args = await newVolume("containerd", "/var/lib/containerd");
      const plain = await plainNode(version, args);
      const before = await Cri.open(plain);
      await before.pull(labImage("busybox:1"));
      // This needs some of the preloaded image's layers, and then all layers of another image.
      await before.pull(await pushTarget("derived"));
      await before.pull(labImage("redis:latest"));
      before.close();
      await plain.remove();

      const node = await SystemContainer.start(`e2e-kubernetes:${version}`, { daemon: "containerd", args });
      assert.match(await node.logs(), /^larder: attached 3 images .* by link in .* beside what was there$/m);
      const after = await Cri.open(node);
      const expected = [...images, labImage("busybox:1"), innerImage("derived")];
      const listed = (await after.images()).flatMap(({ repo_tags }) => repo_tags);
      assert.deepEqual(listed.sort(), expected.sort());
      const list = ["sh", "-c", "cd /t && find . | sort | xargs echo"];
      assert.equal((await after.run(odd, ...list)).output, ". ./again ./again/new ./kept ./kept/stays\n");
      assert.equal(
        (await after.run(innerImage("derived"), ...list)).output,
        ". ./again ./again/new ./derived ./kept\n",
      );
      after.close();
      await node.remove();
    });

    it("have the same description as after a pull by CRI", async () => {
      const pulled = await plainNode(version);
      const plain = await Cri.open(pulled);
      for (const reference of images) await plain.pull(reference);
      const expected = (await plain.images()).map((image) => ({ ...image, pinned: true }));
      const actual = (await cri.images()).map((image) => ({ ...image, pinned: true }));
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
      assert.deepEqual(actual.sort(byId), expected.sort(byId));
      plain.close();
      await pulled.remove();
    });

    it("run in pods with their own files, without a network, also after a restart", async () => {
      const command = ["sh", "-c", "cd /t && find . | sort | xargs echo"];
      const ended = { exitCode: 0, output: ". ./again ./again/new ./kept ./kept/stays\n" };
      assert.deepEqual(await cri.run(odd, ...command), ended);
      await container.restart();
      assert.deepEqual(await cri.run(odd, ...command), ended);
    });

    it("are removed by CRI, and the layers of the others stay", async () => {
      await cri.removeImage(odd);
      assert.equal(await cri.image(odd), undefined);
      await container.restart();
      assert.equal(await cri.image(odd), undefined, "nor does a restart bring it back");
      const said = await cri.run(labImage("redis:latest"), "redis-server", "--version");
      assert.match(said.output, /^Redis server v=/);
    });
  });
}
