import assert from "node:assert/strict";
import { skip } from "../../../src/testing.js";
import { build } from "../../harness/build.js";
import { cleanUp } from "../../harness/cleanup.js";
import { docker } from "../../harness/docker.js";
import { type EngineName, engineNames, labImage } from "../../harness/lab.js";
import { type RegistryImage, registryImage } from "../../harness/registry-image.js";
import { SystemContainer } from "../../harness/system-container.js";
import { larder } from "../larder.js";
import { commit, load, pull, remains, type System, systems } from "./systems.js";

const more = "example.com/more:1";

/** Both of the outer engine's stores, and all of the inner ones. */
const cases: readonly (readonly [EngineName, string])[] = [
  ["graph", "overlay2"],
  ["containerd", "docker-containerd"],
  ["containerd", "containerd"],
];

for (const [engine, name] of cases) {
  const system = systems.find((one) => one.name === name) as System;
  describe(`larder commit, ${name} (${engine}): a container whose image has a shelf`, () => {
    const isDocker = system.daemon === "docker";
    const base = `e2e-commit-shelf-${name}:1`;
    const tag = `e2e-commit-again-${name}:1`;
    let busybox: RegistryImage;
    let pause: RegistryImage;
    let container: SystemContainer;

    before(async function () {
      if (!engineNames.includes(engine)) skip(this, `there is no engine "${engine}"`);
      busybox = await registryImage(labImage("busybox:1"));
      pause = await registryImage(labImage("pause:3"));
      await build({ engine, tag: base, dockerfile: `${system.base}PRELOAD ${busybox.reference}\n` });
      container = await SystemContainer.start(base, { engine, daemon: system.daemon, network: "bridge" });
      await pull(system, container, pause);
      await derive();
    });
    after(cleanUp);

    /** An image that stands on a layer of the shelf. */
    async function derive(): Promise<void> {
      if (!isDocker) {
        await container.ctr("default", "images", "tag", busybox.reference, more);
        return;
      }
      const dockerfile = `FROM ${busybox.reference}\nRUN rm /bin/vi && echo more >/more\n`;
      const words = `printf '${dockerfile.replaceAll("\n", "\\n")}' | docker build --quiet --tag ${more} -`;
      await container.exec("sh", "-c", `DOCKER_BUILDKIT=0; export DOCKER_BUILDKIT; ${words}`);
    }

    it("adds what is new: the layers of the shelf are not taken out again", async () => {
      const { taken, shelved, said } = await commit(container, tag, ["--only", more], engine);
      assert.deepEqual([taken, shelved], [[more], []]);
      assert.match(said, new RegExp(`larder: ${busybox.reference} stays: it is on the shelf`));
      const [ours, theirs] = await Promise.all([layersOf(tag, engine), layersOf(base, engine)]);
      assert.deepEqual(ours.diffIds.slice(0, theirs.diffIds.length), theirs.diffIds);
      const added = ours.history.slice(0, ours.history.length - theirs.history.length);
      const preloaded = added.filter((line) => line.startsWith("PRELOAD "));
      const expected = [`PRELOAD ${more}, catalog`];
      if (isDocker && name !== "overlay2") expected.push(`PRELOAD ${more}, blob of layer 2 of 2, `);
      if (isDocker) expected.push(`PRELOAD ${more}, layer 2 of 2, `);
      assert.deepEqual(
        preloaded.map((line) => line.replace(/sha256:\w+$/, "")),
        expected,
      );
    });

    it("has the images of both in the inner daemon", async () => {
      const next = await SystemContainer.start(tag, { engine, daemon: system.daemon });
      if (isDocker) {
        const run = (image: string, ...words: string[]) =>
          next.inner("run", "--rm", "--network", "none", image, ...words);
        assert.equal(await run(more, "cat", "/more"), "more\n");
        assert.equal(await run(busybox.reference, "ls", "/bin/vi"), "/bin/vi\n");
        const listed = await next.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
        assert.deepEqual(listed.trim().split("\n").sort(), [busybox.reference, more].sort());
      } else {
        const listed = await next.ctr("default", "images", "ls", "--quiet");
        assert.deepEqual(listed.trim().split("\n").sort(), [busybox.reference, more].sort());
        assert.equal(await next.ctr("default", "run", "--rm", more, "one", "echo", "ran"), "ran\n");
      }
    });

    it("takes all images but those of --except, and knows no others", async () => {
      const { taken, shelved } = await commit(container, tag, ["--except", pause.reference], engine);
      assert.deepEqual([taken, shelved], [[more], [busybox.reference]]);
      const wrong = await larder(["commit", "--only", "redis:7", container.id, tag], { engine });
      assert.equal(wrong.status, 2);
      assert.match(
        wrong.stderr,
        new RegExp(`--only=redis:7: the container has no such image; it has .*${pause.reference}`),
      );
    });

    if (name !== "overlay2") {
      it("leaves out an image that is there in part only, and says so", async () => {
        const [address, namespace] = isDocker
          ? ["/run/docker/containerd/containerd.sock", "moby"]
          : ["/run/containerd/containerd.sock", "default"];
        const ctr = ["ctr", "--address", address, "--namespace", namespace];
        await container.exec(...ctr, "content", "rm", pause.blobs[0] ?? "");
        const { taken, leftOut, said } = await commit(container, tag, [], engine);
        assert.deepEqual(taken, [more]);
        assert.deepEqual(
          leftOut.map((one) => one.name),
          [pause.reference],
        );
        assert.match(said, new RegExp(`larder: left out ${pause.reference}: it is there in part only \\(`));
        // Loaded again, it is complete.
        await load(system, container, pause, engine);
        assert.ok((await commit(container, tag, [], engine)).taken.includes(pause.reference));
      });
    }

    it("leaves nothing else behind in the engine", async () => {
      assert.equal(await remains(engine), "");
    });
  });
}

async function layersOf(
  image: string,
  engine: EngineName,
): Promise<{ diffIds: string[]; history: string[] }> {
  const [diffIds, history] = await Promise.all([
    docker(["image", "inspect", "--format", "{{json .RootFS.Layers}}", image], { engine }),
    docker(["history", "--no-trunc", "--format", "{{.CreatedBy}}", image], { engine }),
  ]);
  return { diffIds: JSON.parse(diffIds) as string[], history: history.trim().split("\n") };
}
