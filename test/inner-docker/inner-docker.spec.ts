import assert from "node:assert/strict";
import { dockerVersions } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { buildSystems, byDigest, type InnerImages, pushInnerImages, RegistryProxy } from "./fixture.js";
import { type SavedImage, saveImages } from "./saved-image.js";

/** What `docker image inspect` says that this looks at; the rest is compared as it is. */
interface Inspected {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly RootFS: { readonly Layers: readonly string[] };
}

/** Where the files are, and when the tag was set: a daemon's own affair. */
const daemonsOwn = ["GraphDriver", "Metadata"];
for (const version of dockerVersions) {
  describe(`inner Docker ${version}: a preloaded image is as if it had been pulled`, () => {
    let images: InnerImages;
    let proxy: RegistryProxy;
    let container: SystemContainer;
    let plain: SystemContainer;
    before(async () => {
      images = await pushInnerImages();
      proxy = await RegistryProxy.start();
      const tags = await buildSystems(version, images);
      const reached = { network: "bridge", env: { HTTP_PROXY: proxy.address } } as const;
      [container, plain] = await Promise.all([
        SystemContainer.start(tags.tag, reached),
        SystemContainer.start(tags.plain, { network: "bridge" }),
      ]);
      const { one, two, python, busybox } = images;
      for (const name of [one.reference, two.reference, python.reference, byDigest(busybox)])
        await plain.inner("pull", name);
    });
    const preloaded = () => [images.one, images.two, images.python, images.busybox];
    async function inspect(where: SystemContainer, name: string): Promise<Inspected> {
      const [found] = JSON.parse(await where.inner("image", "inspect", name));
      const kept = Object.entries(found).filter(([key]) => !daemonsOwn.includes(key));
      return Object.fromEntries(kept) as unknown as Inspected;
    }
    function printsOf(name: string) {
      return container.inner("run", "--rm", "--network", "none", name);
    }
    it("docker version says that this is the version in question", async () => {
      const said = await container.inner("version", "--format", "{{.Server.Version}}");
      assert.ok(said.startsWith(`${version}.`), said);
    });
    it("docker images lists tags, the registry's digests, and config digests as IDs", async () => {
      const format = "{{.Repository}}:{{.Tag}} {{.Digest}} {{.ID}}";
      const list = ["images", "--digests", "--no-trunc", "--format", format];
      const { one, two, python, busybox } = images;
      const repository = byDigest(busybox).split("@")[0];
      assert.deepEqual((await container.inner(...list)).trim().split("\n").sort(), [
        `${repository}:<none> ${busybox.digest} ${busybox.imageId}`,
        `${one.reference} ${one.digest} ${one.imageId}`,
        `${two.reference} ${two.digest} ${two.imageId}`,
        `${python.reference} ${python.digest} ${python.imageId}`,
      ]);
      const dangling = ["images", "--all", "--quiet", "--filter", "dangling=true"];
      assert.equal(await container.inner(...dangling), await plain.inner(...dangling), "as after a pull");
    });
    it("docker image inspect and docker history say what they say after a pull", async () => {
      for (const image of preloaded()) {
        const name = byDigest(image);
        const here = await inspect(container, name);
        assert.deepEqual(here, await inspect(plain, name), name);
        assert.equal(here.Id, image.imageId, "ID");
        assert.deepEqual(here.RepoDigests, [name], "RepoDigests");
        assert.deepEqual(here.RootFS.Layers, image.diffIds, "RootFS");
        const history = ["history", "--no-trunc", "--human=false", name];
        assert.equal(await container.inner(...history), await plain.inner(...history), `history of ${name}`);
      }
    });
    it("runs by tag, by tag and digest, by digest, and by ID", async () => {
      const { one, two, busybox } = images;
      assert.equal(await printsOf(one.reference), "one\nnew\none\n");
      assert.equal(await printsOf(two.reference), "two\none\ntwo\n");
      assert.equal(await printsOf(`${two.reference}@${two.digest}`), "two\none\ntwo\n");
      assert.equal(await printsOf(one.imageId), "one\nnew\none\n");
      const echo = ["run", "--rm", "--network", "none", byDigest(busybox), "echo", "by digest"];
      assert.equal(await container.inner(...echo), "by digest\n");
    });
    it("docker save writes each layer byte for byte as its diffID says", async () => {
      const { one, two, python, busybox } = images;
      const saved = await saveImages(
        container,
        one.reference,
        two.reference,
        python.reference,
        busybox.imageId,
      );
      const expected = [
        { tags: [one.reference], imageId: one.imageId, layers: one.diffIds },
        { tags: [two.reference], imageId: two.imageId, layers: two.diffIds },
        { tags: [python.reference], imageId: python.imageId, layers: python.diffIds },
        { tags: [], imageId: busybox.imageId, layers: busybox.diffIds },
      ];
      const sorted = (list: SavedImage[]) => list.sort((a, b) => (a.imageId < b.imageId ? -1 : 1));
      assert.deepEqual(sorted(saved), sorted(expected));
    });
    it("docker pull downloads nothing of what is there", async () => {
      await proxy.requests();
      for (const { reference, digest } of [images.one, images.two, images.python]) {
        const said = await container.inner("pull", reference);
        assert.match(said, /Status: Image is up to date/);
        assert.ok(said.includes(`Digest: ${digest}`), said);
      }
      const requests = await proxy.requests();
      const manifests = requests.filter((line) => line.includes("/manifests/"));
      assert.ok(
        manifests.length >= 2,
        `the proxy saw ${requests.length} requests:
${requests.join("\n")}`,
      );
      assert.deepEqual(blobsIn(requests), []);
    });
    it("docker pull of an image that builds on one downloads only what is new", async () => {
      const { two, three } = images;
      const said = await container.inner("pull", three.reference);
      assert.equal(said.match(/: Already exists/g)?.length, two.blobs.length, said);
      const fetched = blobsIn(await proxy.requests());
      assert.deepEqual(new Set(fetched), new Set([three.imageId, three.blobs.at(-1)]));
      assert.equal(await printsOf(three.reference), "three\none\nthree\ntwo\n");
      const [saved] = await saveImages(container, three.reference);
      assert.deepEqual(saved?.layers, three.diffIds);
    });
    for (const builder of ["legacy builder", "BuildKit"]) {
      it(`docker build FROM a preloaded image, by the ${builder}`, async function () {
        const buildkit = builder === "BuildKit";
        const hasBuildx = (await container.try("docker", "buildx", "version")).status === 0;
        if (buildkit && version !== "20.10" && !hasBuildx) {
          console.log(`        skipped: Docker ${version} of the lab's system image has no buildx`);
          this.skip();
        }
        const tag = `built:${buildkit ? 2 : 1}`;
        const lines = [
          `FROM ${images.one.reference}`,
          'RUN ["/bin/sh", "-c", "rm /data/one && echo built >/data/built"]',
          'CMD ["cat built; ls"]',
        ];
        const command = `mkdir -p /b && printf '%s\\n' "$@" >/b/Dockerfile && docker build --network none -t ${tag} /b`;
        const setting = `DOCKER_BUILDKIT=${buildkit ? 1 : 0}`;
        await container.exec("env", setting, "sh", "-c", command, "sh", ...lines);
        assert.equal(await printsOf(tag), "built\nbuilt\nnew\n");
        const { Layers: layers } = (await inspect(container, tag)).RootFS;
        assert.deepEqual(layers.slice(0, -1), images.one.diffIds, "it stands on the preloaded layers");
        const [saved] = await saveImages(container, tag);
        assert.deepEqual(saved?.layers, layers, "docker save of what was built");
      });
    }
    it("docker rmi removes, the daemon goes on, and the image can be pulled again", async () => {
      const { one, two, busybox, three } = images;
      await container.inner("rmi", "--force", "built:1", ...((await has("built:2")) ? ["built:2"] : []));
      await container.inner("rmi", three.reference, two.reference);
      assert.equal(await has(two.reference), false, `${two.reference} is gone by its tag`);
      // Docker drops the digest with the last tag of its repository.
      assert.equal(await has(two.imageId), false, "and by its ID and digest");
      const removed = await container.inner("rmi", "--force", one.imageId);
      assert.match(removed, /^Deleted: sha256:/m);
      assert.equal(await has(one.imageId), false);
      assert.equal((await container.try("docker", "run", "--rm", one.reference, "true")).stdout, "");
      const echo = ["run", "--rm", "--network", "none", byDigest(busybox), "echo", "still here"];
      assert.equal(await container.inner(...echo), "still here\n");
      await proxy.requests();
      await container.inner("pull", two.reference);
      assert.equal(await printsOf(two.reference), "two\none\ntwo\n");
      assert.ok(blobsIn(await proxy.requests()).includes(two.blobs.at(-1) ?? ""), "it was downloaded");
      await container.inner("rmi", byDigest(busybox));
      await container.restart();
      assert.equal(await has(busybox.imageId), false, "what was removed is not there after a restart");
      assert.equal(await printsOf(two.reference), "two\none\ntwo\n");
    });
    async function has(name: string) {
      return (await container.try("docker", "image", "inspect", name)).status === 0;
    }
  });
}
function blobsIn(requests: readonly string[]): string[] {
  return requests.flatMap((line) => /^GET .*\/blobs\/(sha256:[0-9a-f]{64})/.exec(line)?.[1] ?? []);
}
