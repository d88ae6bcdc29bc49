import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerImage, listImages, pushTarget, shell, systemImage } from "./fixture.js";

const containers = 20;
const megabyte = 1_000_000;

interface System {
  readonly name: string;
  readonly daemon: "docker" | "containerd";
  /** Number of bytes that attach may write: containerd's databases alone have 192 kB, whatever they contain. */
  readonly attachLimit: number;
  image(): Promise<string>;
  list(container: SystemContainer): Promise<string[]>;
}

const systems: readonly System[] = [
  {
    name: "Docker, overlay2",
    daemon: "docker",
    attachLimit: 0.3 * megabyte,
    image: () => systemImage(),
    list: listImages,
  },
  {
    name: "Docker, containerd",
    daemon: "docker",
    attachLimit: 0.5 * megabyte,
    image: () => systemImage({ store: "containerd" }),
    list: listImages,
  },
  {
    name: "containerd",
    daemon: "containerd",
    attachLimit: 0.5 * megabyte,
    image: buildContainerd,
    list: async (container) => (await container.ctr("default", "images", "ls", "-q")).trim().split("\n"),
  },
];

async function buildContainerd(): Promise<string> {
  const images = [await pushTarget("odd"), await pushTarget("second")];
  const tag = "e2e-attach-containerd:1";
  await build({ tag, dockerfile: `FROM ${labImage("containerd:latest")}\nPRELOAD ${images.join(" ")}\n` });
  return tag;
}

for (const { name, daemon, attachLimit, image, list } of systems) {
  describe(`attach: ${containers} containers from one image, ${name}`, () => {
    after(cleanUp);

    it("attach writes little, however large the layers are", async () => {
      const attach = `/usr/lib/larder/bin/attach ${daemon === "docker" ? "dockerd" : "containerd"}`;
      const program = `${attach} && du -s --block-size=1 /var/lib/${daemon}`;
      const bytes = Number.parseInt(await shell(await image(), program), 10);
      console.log(`        ${bytes} bytes by attach itself, for 2 images of 4 layers`);
      assert.ok(bytes > 0 && bytes < attachLimit, `${bytes} bytes`);
    });

    it("each has the images, and writes less than 1 MB", async () => {
      const tag = await image();
      const written: number[] = [];
      for (let started = 0; started < containers; started += 4) {
        const group = await Promise.all(
          Array.from({ length: Math.min(4, containers - started) }, () =>
            SystemContainer.start(tag, { daemon }),
          ),
        );
        await Promise.all(
          group.map(async (container) => {
            const images = await list(container);
            assert.deepEqual(images.sort(), [innerImage("odd"), innerImage("second")].sort());
            written.push(await container.written());
          }),
        );
      }
      const most = Math.max(...written);
      console.log(`        at most ${most} bytes for a container, ${Math.min(...written)} at least`);
      assert.equal(written.length, containers);
      assert.ok(most < megabyte, `${written.join(" ")} bytes`);
    });
  });
}
