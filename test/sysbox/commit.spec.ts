import assert from "node:assert/strict";
import { assertSame, exactly } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { type FileListing, listImage, listUnpacked } from "../harness/file-listing.js";
import { engineNames } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { sysbox } from "../harness/sysbox.js";
import { SystemContainer, type SystemOptions } from "../harness/system-container.js";
import { type System, systems } from "./systems.js";

/** Without the volumes of the base image: a commit does not include their content. */
const dockerfileOf = ({ base, lines }: System, inner: string) => `FROM ${base} AS base
${lines}

FROM scratch
COPY --from=base / /
PRELOAD ${inner}
ENTRYPOINT ["system-entrypoint"]
CMD ["sleep", "infinity"]
`;

for (const kind of engineNames) {
  for (const system of systems.filter(({ name, version }) => name !== "systemd" && version === undefined)) {
    const { name, daemon } = system;
    describe(`sysbox: a container of the engine "${kind}" that stops, starts and is committed: ${name}`, () => {
      const image = `e2e-sysbox-commit-${name}:1`;
      const committed = `e2e-sysbox-commit-${name}:2`;
      const options: SystemOptions = { engine: kind, daemon, privilege: sysbox };
      let odd: RegistryImage;
      let outside: FileListing;
      let container: SystemContainer;

      before(async () => {
        odd = await pushInnerImage("sysbox-odd", new URL("Dockerfile", import.meta.url));
        await build({ engine: kind, tag: image, dockerfile: dockerfileOf(system, odd.reference) });
        outside = await listImage(exactly(odd), { engine: kind });
        container = await SystemContainer.start(image, options);
      });
      after(cleanUp);

      it("has the files", () => assertHasFiles(container));

      it("after docker restart", async () => {
        await container.restart();
        await assertHasFiles(container);
      });

      it("after docker stop and docker start", async () => {
        await stopAndStart(container);
        await assertHasFiles(container);
      });

      it("a container of its commit", async () => {
        await docker(["stop", container.id], { engine: kind });
        await docker(["commit", container.id, committed], { engine: kind });
        const next = await SystemContainer.start(committed, options);
        await assertHasFiles(next);
        // Files that were copied with the image are copied once more.
        await stopAndStart(next);
        await assertHasFiles(next);
      });

      it("copies, too", async () => {
        const copied = await SystemContainer.start(image, { ...options, env: { LARDER_ATTACH: "copy" } });
        await assertHasFiles(copied);
        await stopAndStart(copied);
        await assertHasFiles(copied);
      });

      async function stopAndStart(stopped: SystemContainer): Promise<void> {
        await docker(["stop", stopped.id], { engine: kind });
        await docker(["start", stopped.id], { engine: kind });
        await stopped.ready();
      }

      /**
       * Asserts that the files of the inner image are there, without those that it deletes: owners, modes and file
       * capabilities.
       */
      async function assertHasFiles(where: SystemContainer): Promise<void> {
        const inner =
          daemon === "docker"
            ? await listImage(odd.reference, { engine: kind, inside: where })
            : await listUnpacked(where, "default", odd.reference, kind);
        assertSame(odds(inner), odds(outside));
        const command = ["sh", "-c", "ls -a /odd/again"];
        const said =
          daemon === "docker"
            ? await where.inner("run", "--rm", "--network=none", odd.reference, ...command)
            : await where.ctr("default", "run", "--rm", odd.reference, "check", ...command);
        assert.equal(said, ".\n..\nnew\n");
      }
    });
  }
}

/** Files that Docker puts into a container elsewhere are not compared. */
function odds(files: FileListing): FileListing {
  return new Map([...files].filter(([path]) => path.startsWith("odd/")));
}
