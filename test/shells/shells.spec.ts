import assert from "node:assert/strict";
import { assertRuns, attachLines, systemImage } from "../attach/fixture.js";
import { buildSystem, kubernetes, runImage } from "../containerd/fixture.js";
import { build } from "../harness/build.js";
import { labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { innerImages, prints } from "../inner-docker/images.js";

interface Shell {
  readonly name: string;
  /** Instructions that make this shell `/bin/sh`. */
  readonly instructions: string;
  /** The targets of `/bin/sh` and `cp` then. */
  readonly programs: readonly [string, string];
}

const shells: readonly Shell[] = [
  { name: "dash", instructions: "RUN ln -sf dash /bin/sh", programs: ["/usr/bin/dash", "/usr/bin/cp"] },
  { name: "bash", instructions: "RUN ln -sf bash /bin/sh", programs: ["/usr/bin/bash", "/usr/bin/cp"] },
  {
    name: "busybox",
    // attach finds no tools of another kind.
    instructions: `COPY --from=${labImage("busybox:1")} /bin/busybox /opt/busybox/
RUN ["/opt/busybox/busybox", "--install", "-s", "/opt/busybox"]
RUN ["/opt/busybox/busybox", "ln", "-sf", "/opt/busybox/busybox", "/bin/sh"]
ENV PATH=/usr/local/sbin:/opt/busybox:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    programs: ["/opt/busybox/busybox", "/opt/busybox/busybox"],
  },
];

describe("shells: attach with each /bin/sh", () => {
  for (const { name, instructions, programs } of shells) {
    describe(name, () => {
      let image = "";

      before(async () => {
        image = `e2e-shells-${name}:1`;
        // Upstream is enough: the image contains the result of PRELOAD already.
        await build({
          larder: false,
          dockerfile: `FROM ${await systemImage()}\n${instructions}\n`,
          tag: image,
        });
      });

      it("is the program that runs", async () => {
        const container = await SystemContainer.start(image, { env: { LARDER_ATTACH: "off" } });
        const found = await container.exec("sh", "-c", "readlink -f /bin/sh; readlink -f $(which cp)");
        assert.deepEqual(found.trim().split("\n"), programs);
        await container.remove();
      });

      for (const mode of ["link", "copy"]) {
        it(`the inner Docker has the images by ${mode}, also when it starts again`, async () => {
          const container = await SystemContainer.start(image, { env: { LARDER_ATTACH: mode } });
          await assertRuns(container, "odd", "second");
          await container.restart();
          await assertRuns(container, "odd");
          const lines = await attachLines(container);
          assert.equal(lines.length, 2, lines.join("\n"));
          assert.match(
            lines[0] ?? "",
            new RegExp(
              `^larder: attached 2 images \\(4 layers\\) to /var/lib/docker by ${mode} in \\d+\\.\\d\\d s$`,
            ),
          );
          assert.equal(lines[1], "larder: had attached 2 images (4 layers) to /var/lib/docker before");
          await container.remove();
        });
      }
    });
  }
});

describe("shells: attach for containerd", () => {
  for (const { name, instructions } of shells.filter(({ name }) => name !== "dash")) {
    it(`${name}, by link and by copy`, async () => {
      const images = await innerImages();
      const image = `e2e-shells-containerd-${name}:1`;
      const dockerfile = `FROM ${await buildSystem("2.1", images)}\n${instructions}\n`;
      await build({ larder: false, dockerfile, tag: image });
      for (const mode of ["link", "copy"]) {
        const container = await SystemContainer.start(image, {
          daemon: "containerd",
          env: { LARDER_ATTACH: mode },
        });
        assert.equal(await runImage(container, "default", images.one.reference), prints.one);
        assert.equal(await runImage(container, kubernetes, images.two.reference), prints.two);
        const lines = await attachLines(container);
        assert.equal(lines.length, 1, lines.join("\n"));
        assert.match(
          lines[0] ?? "",
          new RegExp(`^larder: attached 5 images .* to /var/lib/containerd by ${mode} in [0-9.]+ s$`),
        );
        await container.remove();
      }
    });
  }
});
