import assert from "node:assert/strict";
import { skip } from "../../../src/testing.js";
import { assertSame, exactly } from "../../exact-files/same.js";
import { build } from "../../harness/build.js";
import { cleanUp } from "../../harness/cleanup.js";
import { docker } from "../../harness/docker.js";
import { type FileListing, listImage, listUnpacked } from "../../harness/file-listing.js";
import { type EngineName, engineNames } from "../../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../../harness/registry-image.js";
import { sysbox } from "../../harness/sysbox.js";
import { SystemContainer, type SystemOptions } from "../../harness/system-container.js";
import { commit, list, pull, type System, systems } from "./systems.js";

/** sysbox-runc covers a part of containerd's root with a directory of the host: the rest is in the container's layer. */
const cases: readonly (readonly [EngineName, string])[] = [
  ["containerd", "containerd"],
  ["graph", "containerd"],
  ["containerd", "overlay2"],
  ["graph", "docker-containerd"],
];

for (const [engine, name] of cases) {
  const system = systems.find((one) => one.name === name) as System;
  describe(`larder commit, ${name} (${engine}): under sysbox-runc, without a volume`, () => {
    const tag = `e2e-commit-sysbox-${name}:2`;
    const options: SystemOptions = { engine, daemon: system.daemon, privilege: sysbox };
    let odd: RegistryImage;
    let original: SystemContainer;
    let next: SystemContainer;

    before(async function () {
      if (!engineNames.includes(engine)) skip(this, `there is no engine "${engine}"`);
      odd = await pushInnerImage("sysbox-odd", new URL("../../sysbox/Dockerfile", import.meta.url));
      const first = `e2e-commit-sysbox-${name}:1`;
      await build({
        engine,
        larder: false,
        allowInsecure: false,
        tag: first,
        dockerfile: withoutVolume(system),
      });
      original = await SystemContainer.start(first, { ...options, network: "bridge" });
      await pull(system, original, odd);
      await original.exec("sh", "-c", "echo by hand >/opt/by-hand");
      // Sysbox leaves the data root in the container's own files then.
      await docker(["stop", "--time", "5", original.id], { engine });
      await docker(["start", original.id], { engine });
      await original.ready();
      await commit(original, tag, [], engine);
      next = await SystemContainer.start(tag, options);
    });
    after(cleanUp);

    it("lists the same image, which is linked", async () => {
      assert.match(await next.logs(), /^larder: attached 1 image \(\d layers\) to .* by link/m);
      assert.deepEqual(await list(system, next), await list(system, original));
    });

    it("has the image's own files, although Sysbox has lost deletions and capabilities of the original", async () => {
      const ours =
        system.daemon === "docker"
          ? await listImage(odd.reference, { engine, inside: next })
          : await listUnpacked(next, "default", odd.reference, engine);
      assertSame(odds(ours), odds(await listImage(exactly(odd), { engine })));
      assert.equal(await next.exec("cat", "/opt/by-hand"), "by hand\n");
    });

    it("has no data root in its layers", async () => {
      const files = await listImage(tag, { engine });
      const root = system.daemon === "docker" ? "var/lib/docker/" : "var/lib/containerd/";
      assert.deepEqual(
        [...files.keys()].filter((path) => path.startsWith(root)),
        [],
      );
    });
  });
}

/** Files that Docker puts into a container elsewhere are not compared. */
function odds(files: FileListing): FileListing {
  return new Map([...files].filter(([path]) => path.startsWith("odd/")));
}

function withoutVolume({ base, daemon }: System): string {
  return `${base.replace(/^(FROM \S+)/, "$1 AS base")}
FROM scratch
COPY --from=base / /
RUN rm -rf /var/lib/${daemon}/*
ENTRYPOINT ["system-entrypoint"]
CMD ["sleep", "infinity"]
`;
}
