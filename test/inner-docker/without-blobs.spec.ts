import assert from "node:assert/strict";
import { attachLines } from "../attach/fixture.js";
import { FaultyRegistry } from "../errors/registry.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { type DockerVersion, dockerStage, lab, labImage, needsDocker } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerBuildx } from "./builds.js";
import { saveImages } from "./saved-image.js";

const reference = labImage("busybox:1");
const versions: readonly DockerVersion[] = ["28.5", "29.9"];

for (const version of versions) {
  describe(`inner Docker ${version}, containerd: images without their blobs`, () => {
    const tag = `e2e-without-blobs:${version}`;
    let image: RegistryImage;
    let log: string;
    let container: SystemContainer;

    before(async function () {
      needsDocker(this, version);
      image = await registryImage(reference);
      const stage = dockerStage(version, "containerd", {
        "insecure-registries": [lab.registry.replace(/\d+:\d+$/, "0/24")],
      });
      log = await build({ tag, dockerfile: `${stage}PRELOAD --blobs=never ${reference}\n` });
      container = await SystemContainer.start(tag, { network: "bridge" });
    });
    after(cleanUp);

    it("are announced at build time and at the start", async () => {
      assert.match(log, /PreloadWithoutBlobs: .*docker save/);
      const [, line = ""] = await attachLines(container);
      assert.match(line, /^larder: docker save and docker push do not work for these images/);
    });

    it("are listed and run", async () => {
      const listed = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
      assert.equal(listed.trim(), reference);
      const run = ["run", "--rm", "--network", "none", reference, "echo", "here"];
      assert.equal(await container.inner(...run), "here\n");
    });

    it("are saved as an archive that breaks off at their first layer, about which Docker says nothing", async () => {
      await container.exec("sh", "-c", 'docker save "$1" >/saved.tar', "sh", reference);
      const { status, stderr } = await container.try("docker", "load", "--input", "/saved.tar");
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`${image.blobs[0]?.replace("sha256:", "")}.*: unexpected EOF`));
    });

    it("are pushed to a registry that has their layers, and to no other", async () => {
      const run = `e2e/without-blobs-${Date.now().toString(36)}:1`;
      await container.inner("tag", reference, labImage(run));
      await container.inner("push", labImage(run));
      const registry = await FaultyRegistry.start("separate");
      const elsewhere = `${registry.address}/${run.replace("without", "elsewhere")}`;
      await container.inner("tag", reference, elsewhere);
      const { status, stderr } = await container.try("docker", "push", elsewhere);
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`blob ${image.blobs[0]} .*: not found`));
    });

    it("are the base of a build", async () => {
      const plugins = "/usr/local/lib/docker/cli-plugins";
      await container.exec("mkdir", "-p", plugins);
      await docker(["cp", "--quiet", innerBuildx, `${container.id}:${plugins}/docker-buildx`]);
      const lines = `FROM ${reference}\nRUN echo built >/built\n`;
      const command =
        'mkdir -p /b && printf %b "$1" >/b/Dockerfile && docker build --network none -t built:1 /b';
      const { status, stderr } = await container.try("sh", "-c", command, "sh", lines);
      assert.equal(status, 0, stderr);
    });

    it("have their layers again when they are removed and pulled", async () => {
      // The build cache would keep what it has of an image, and a pull then leaves its layers out.
      await container.inner("builder", "prune", "--all", "--force");
      await container.inner("image", "prune", "--all", "--force");
      await container.inner("pull", reference);
      const [saved] = await saveImages(container, reference);
      assert.deepEqual(saved?.layers, image.blobs);
    });
  });
}
